import json
from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    """Link what is published already: every hash a live snapshot names."""
    known = set(apps.get_model("ledger", "PublishedFile").objects.values_list("sha256", flat=True))
    for item in apps.get_model("ledger", "PublishedItem").objects.exclude(snapshot=None).select_related("snapshot"):
        data = json.loads(item.snapshot.data)
        named = [*data.get("attachments", []), *data.get("image", {}).get("renditions", [])]
        item.files.set(known & {file.get("sha256") for file in named})


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="publisheditem",
            name="files",
            field=models.ManyToManyField(related_name="items", to="ledger.publishedfile"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
