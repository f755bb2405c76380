"""Panels of the editing forms."""

from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import Panel


class UnsearchableFilesPanel(Panel):
    """Which of the published attachments the search cannot read, and what to do; shown only where there are any."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"heading": _("Published files that cannot be searched"), "icon": "warning", **kwargs})

    class BoundPanel(Panel.BoundPanel):
        template_name = "content/unsearchable_files.html"

        @cached_property
        def files(self) -> list[Any]:
            from cms.editorial.unsearchable import unsearchable_files_of

            return unsearchable_files_of(self.instance) if self.instance.pk else []

        def is_shown(self) -> bool:
            return super().is_shown() and bool(self.files)

        def get_context_data(self, parent_context: Any = None) -> Any:
            return super().get_context_data(parent_context) | {"files": self.files}
