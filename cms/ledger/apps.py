from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "cms.ledger"
    label = "ledger"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from cms.ledger.signal_handlers import register_signal_handlers

        register_signal_handlers()
