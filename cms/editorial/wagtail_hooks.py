"""Where the editorial pages appear in the Wagtail admin."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import include, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.action_menu import ActionMenuItem
from wagtail.admin.ui.components import Component
from wagtail.admin.widgets import Button
from wagtail.log_actions import LogFormatter
from wagtail.models import Page

from cms.content.base import ContentPage
from cms.editorial.publishing import publishing_for
from cms.editorial.rules import may_withdraw
from cms.editorial.unsearchable import unsearchable_files_for
from cms.editorial.waiting import waiting_for


@hooks.register("register_admin_urls")
def admin_urls() -> list[Any]:
    return [path("editorial/", include("cms.editorial.urls"))]


@hooks.register("insert_global_admin_css")
def admin_css() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("cms/admin.css"))


class ReviewMenuItem(ActionMenuItem):
    """While a text waits, the editor's main button leads to the page where it is read and decided about."""

    name = "action-review"
    label = _("Read and decide")
    icon_name = "glasses"
    template_name = "editorial/review_menu_item.html"

    def is_shown(self, context: dict[str, Any]) -> bool:
        page = context.get("page")
        return context["view"] == "edit" and bool(page and page.current_workflow_task_state)

    def get_url(self, parent_context: dict[str, Any]) -> str:
        return reverse("editorial:review", args=[parent_context["page"].current_workflow_task_state.pk])


@hooks.register("register_page_action_menu_item")
def review_menu_item() -> ActionMenuItem:
    return ReviewMenuItem(order=0)


@hooks.register("construct_page_action_menu")
def only_the_workflow_publishes(
    menu_items: list[ActionMenuItem], request: HttpRequest, context: dict[str, Any]
) -> None:
    # Superusers hold every permission; the buttons that publish or unpublish past the workflow are not for them either.
    menu_items[:] = [item for item in menu_items if item.name not in ("action-publish", "action-unpublish")]


@hooks.register("register_page_header_buttons")
@hooks.register("register_page_listing_more_buttons")
def withdraw_button(page: Any, user: Any, next_url: str | None = None, **kwargs: Any) -> Any:
    specific = page.specific
    if (page.live or page.approved_schedule) and isinstance(specific, ContentPage) and may_withdraw(user, page):
        yield Button(_("Withdraw"), reverse("editorial:withdraw", args=[page.pk]), icon_name="no-view", priority=45)


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    @actions.register_action("editorial.withdraw")
    class WithdrawFormatter(LogFormatter):
        label = _("Withdraw")

        def format_message(self, log_entry: Any) -> str:
            return format_html(gettext("Withdrawn: {}"), log_entry.data.get("reason", ""))


@hooks.register("construct_help_menu")
def no_foreign_pages(request: HttpRequest, menu_items: list[Any]) -> None:
    # Wagtail's guide and its release notes are in English and on another site.
    menu_items.clear()


class PublisherPanel(Component):
    """Whether everything approved is on the site, and if not, why."""

    name = "publisher"
    order = 50

    def render_html(self, parent_context: Any = None) -> str:
        request = parent_context["request"]
        publishing = publishing_for(request.user, timezone.now())
        return render_to_string("editorial/publisher_panel.html", {"publishing": publishing}, request)


class WaitingPanel(Component):
    """The texts that wait for this person, each with a link to the page where it is read and decided about."""

    name = "waiting"
    order = 40
    shown = 20

    def render_html(self, parent_context: Any = None) -> str:
        request = parent_context["request"]
        waiting = waiting_for(request.user)
        if not waiting:
            return ""
        pages = Page.objects.in_bulk([int(state.workflow_state.object_id) for state in waiting[: self.shown]])
        rows = [{"state": state, "page": pages[int(state.workflow_state.object_id)]} for state in waiting[: self.shown]]
        return render_to_string("editorial/waiting_panel.html", {"rows": rows, "total": len(waiting)}, request)


class UnsearchablePanel(Component):
    """The attachments of this person's items that the search cannot read."""

    name = "unsearchable"
    order = 45

    def render_html(self, parent_context: Any = None) -> str:
        request = parent_context["request"]
        files = unsearchable_files_for(request.user, timezone.now())
        return render_to_string("editorial/unsearchable_panel.html", {"files": files}, request) if files.total else ""


@hooks.register("construct_homepage_panels")
def homepage_panels(request: HttpRequest, panels: list[Component]) -> None:
    # Wagtail's own list of texts to moderate asks a few dozen questions for each of them and leads to the editor.
    panels[:] = [panel for panel in panels if panel.name != "workflow_objects_to_moderate"]
    panels += [WaitingPanel(), UnsearchablePanel(), PublisherPanel()]
