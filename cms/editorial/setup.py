"""The state a new database starts from: home page, default site, workflow. Safe to run again."""

from django.contrib.auth.models import Group
from django.db import transaction
from wagtail.models import Collection, Page, Site, Task, Workflow

from cms.content.models import HomePage
from cms.editorial.workflow import ensure_workflow


@transaction.atomic
def set_up_site(site_name: str) -> HomePage:
    """Return the home page; make it, the default site and the workflow when they are not there."""
    home = HomePage.objects.first()
    if home is None:
        root = Page.get_first_root_node()
        home = root.add_child(instance=HomePage(title=site_name, slug="trang-chu", live=True))
        Site.objects.update_or_create(
            is_default_site=True,
            defaults={"hostname": "localhost", "port": 80, "root_page": home, "site_name": site_name},
        )
        # The page Wagtail's own migration makes; nothing lies below it.
        Page.objects.filter(depth=2, content_type__model="page").delete()
        root = Page.get_first_root_node()
        root.fix_tree()
    # Wagtail's own groups may publish everywhere and upload into the root collection; boards replace them.
    Group.objects.filter(name__in=("Editors", "Moderators"), user=None).delete()
    workflow = ensure_workflow()
    # So does Wagtail's own workflow, whose approvers are a group; the root collection gets a Vietnamese name.
    Workflow.objects.exclude(pk=workflow.pk).filter(name="Moderators approval", workflow_states=None).delete()
    Task.objects.filter(name="Moderators approval", workflow_tasks=None, task_states=None).delete()
    Collection.objects.filter(depth=1, name="Root").update(name="Chung")
    return HomePage.objects.get(pk=home.pk)
