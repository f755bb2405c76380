"""System checks: a setting that is missing or wrong is named at start, with the remedy."""

from typing import Any

from django.core.checks import Error, register

from cms.settings import environment


@register()
def environment_is_complete(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Every problem met while the settings were read (see `cms.settings.environment`)."""
    return [
        Error(f"{name} {state}.", hint=f"{remedy[0].upper()}{remedy[1:]}.", id=f"cms.E{index:03}")
        for index, (name, state, remedy) in enumerate(environment.problems, start=1)
    ]
