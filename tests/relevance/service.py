"""The search service under attack, outside of pytest: Django is set up for the index that is attacked."""

import os
from typing import Any

import django
from django.test.utils import override_settings

from tests.relevance.measures import Searched


def attack_service(url: str, index: Searched, count: int) -> dict[str, Any]:
    """Send so many attacks to the service over `index`; what came of it, times in milliseconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "search.service.settings")
    django.setup()
    from django.test import Client

    from search.service.runtime import runtime
    from tests.bench.tables import percentile
    from tests.relevance.hostile import attacks, react

    settings = {"SITE_DIR": index.site, "ELASTICSEARCH_URL": url, "SEARCH_INDEX_PREFIX": index.names.prefix}
    with override_settings(**settings):
        runtime.cache_clear()
        held = runtime()
        held.lexicon.bring_to(index.release)
        held.engines.fallback.bring_to(index.release)
        client = Client(raise_request_exception=False)
        reactions = [reaction for attack in attacks(count) for reaction in react(client, attack)]
        held.engines.fallback.close()
        held.lexicon.close()
        runtime.cache_clear()
    times = [reaction.seconds * 1000 for reaction in reactions]
    return {
        "requests": len(reactions),
        "5xx": sum(reaction.status >= 500 for reaction in reactions),
        "not 200": sum(reaction.status != 200 for reaction in reactions),
        "with markup": sum(reaction.markup for reaction in reactions),
        "p50": round(percentile(times, 50)),
        "p95": round(percentile(times, 95)),
        "max": round(max(times)),
    }
