from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UnitsConfig(AppConfig):
    name = "cms.units"
    label = "units"
    verbose_name = _("Units")

    def ready(self) -> None:
        from cms.units.signal_handlers import register_signal_handlers

        register_signal_handlers()
