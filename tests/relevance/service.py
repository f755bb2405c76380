"""The search service under attack, outside of pytest: Django is set up for the index that is attacked."""

import os
from typing import Any

import django
from django.test.utils import override_settings

from tests.relevance.measures import Searched

# Seconds after which an answer is late, and how often a late one is asked for again.
LONGEST = 0.3
TRIES = 3


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
        found = [(attack, reaction) for attack in attacks(count) for reaction in react(client, attack)]
        # On a machine that does other things, too, anything may take long once.
        suspects = {attack for attack, reaction in found if reaction.seconds > LONGEST}
        again = [[max(r.seconds for r in react(client, attack)) for _ in range(TRIES)] for attack in suspects]
        held.engines.fallback.close()
        held.lexicon.close()
        runtime.cache_clear()
    reactions = [reaction for _, reaction in found]
    times = [reaction.seconds * 1000 for reaction in reactions]
    return {
        "requests": len(reactions),
        "5xx": sum(reaction.status >= 500 for reaction in reactions),
        "not 200": sum(reaction.status != 200 for reaction in reactions),
        "with markup": sum(reaction.markup for reaction in reactions),
        "p50": round(percentile(times, 50)),
        "p95": round(percentile(times, 95)),
        "max": round(max(times)),
        "over 300 ms": sum(reaction.seconds > LONGEST for reaction in reactions),
        "each time": sum(min(seconds) > LONGEST for seconds in again),
    }
