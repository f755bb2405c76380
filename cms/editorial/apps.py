from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EditorialConfig(AppConfig):
    name = "cms.editorial"
    label = "editorial"
    verbose_name = _("Editorial")

    def ready(self) -> None:
        from cms.editorial.signal_handlers import register_signal_handlers

        register_signal_handlers()
