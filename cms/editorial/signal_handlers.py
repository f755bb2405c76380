"""Binds the editorial receivers."""

from wagtail.signals import task_submitted


def register_signal_handlers() -> None:
    """Called once from the app's `ready`."""
    from cms.editorial.notices import tell_deciders

    task_submitted.connect(tell_deciders, dispatch_uid="editorial.tell_deciders")
