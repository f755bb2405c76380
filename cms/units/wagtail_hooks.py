"""Board memberships in the admin, for those who manage users."""

from django.utils.translation import gettext_lazy as _
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet

from cms.units.models import Membership


class MembershipViewSet(SnippetViewSet):
    model = Membership
    icon = "group"
    menu_label = _("Boards")
    add_to_settings_menu = True
    list_display = ["user", "unit", "role"]
    list_filter = ["role", "unit"]


register_snippet(MembershipViewSet)
