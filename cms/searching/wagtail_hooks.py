"""Where the report of searches appears in the Wagtail admin."""

from typing import Any

from django.urls import include, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem


@hooks.register("register_admin_urls")
def admin_urls() -> list[Any]:
    return [path("searches/", include("cms.searching.urls"))]


@hooks.register("register_reports_menu_item")
def menu_item() -> MenuItem:
    return MenuItem(_("What readers search for"), reverse("searching:report"), name="searches", icon_name="search")
