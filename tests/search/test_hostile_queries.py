"""Hostile queries through the service on the real server: answered, and nothing of them becomes markup.

`make relevance` sends 2,000 over the real documents and says how long they take; this sends a part over a few items.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.service import runtime as running
from tests.relevance.hostile import INTRUDER, attacks, has_intruder, react
from tests.search.conftest import live_release
from tests.search.factories import write_release
from tests.search.samples import demo_records

ATTACKS = 300


@pytest.fixture
def client(
    site: Path, settings: Any, elasticsearch_url: str, names: IndexNames, indexer: ReleaseIndexer
) -> Iterator[Client]:
    """The service over the demo release in Elasticsearch."""
    write_release(site, demo_records())
    indexer.rebuild(live_release(site))
    settings.SITE_DIR = site
    settings.ELASTICSEARCH_URL = elasticsearch_url
    settings.SEARCH_INDEX_PREFIX = names.prefix
    running.runtime.cache_clear()
    running.runtime().lexicon.bring_to(live_release(site))
    yield Client(raise_request_exception=False)
    running.runtime().engines.fallback.close()
    running.runtime().lexicon.close()
    running.runtime.cache_clear()


def test_hostile_queries_are_answered_and_stay_text(client: Client) -> None:
    reactions = [(attack, reaction) for attack in attacks(ATTACKS) for reaction in react(client, attack)]
    assert len(reactions) == 2 * ATTACKS
    assert [(attack, reaction) for attack, reaction in reactions if reaction.status != 200 or reaction.markup] == []


def test_the_attacks_are_long_and_hold_markup_operators_and_control_characters() -> None:
    queries = [dict(attack.parameters)["q"] for attack in attacks(ATTACKS)]
    assert sum(len(query) == 4096 for query in queries) > 10
    for piece in (f"<script>{INTRUDER}", '-"', "*:*", "\x00", "\ud800"):
        assert any(piece in query for query in queries), piece


@pytest.mark.parametrize(
    "html",
    [
        f"<p>a<{INTRUDER}>",
        f'<input value=""{INTRUDER}="">',
        '<img src="x" onerror="y()">',
        f"<script>{INTRUDER}()</script>",
        '<a href=" JavaScript:x()">a</a>',
    ],
)
def test_markup_that_got_through_would_be_seen(html: str) -> None:
    assert has_intruder(html)


def test_text_that_only_looks_like_markup_is_no_markup() -> None:
    assert not has_intruder(
        f'<input value="&lt;{INTRUDER} onload=x&gt;"><p>&lt;script&gt;{INTRUDER}&lt;/script&gt;</p>'
    )
