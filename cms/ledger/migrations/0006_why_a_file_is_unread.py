from django.db import migrations, models


def read_again(apps, schema_editor):
    """What could not be read is tried once more, to learn which of the reasons it was."""
    files = apps.get_model("ledger", "PublishedFile").objects.exclude(unread_detail="")
    files.update(read_at=None, unread_detail="")


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_file_texts'),
    ]

    operations = [
        migrations.RenameField(model_name='publishedfile', old_name='unread', new_name='unread_detail'),
        migrations.AlterField(
            model_name='publishedfile',
            name='unread_detail',
            field=models.CharField(blank=True, help_text='in the words of the reader', max_length=200),
        ),
        migrations.AddField(
            model_name='publishedfile',
            name='unread',
            field=models.CharField(blank=True, choices=[('locked', 'it opens with a password only'), ('no_text', 'it holds no text, perhaps pictures of text'), ('too_large', 'it has too many bytes'), ('too_much', 'its reader ran out of time or memory'), ('damaged', 'it is damaged, or not what its name says'), ('missing', 'its bytes could not be had')], default='', max_length=10),
            preserve_default=False,
        ),
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
