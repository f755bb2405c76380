"""What the publisher keeps and shows, releases and its own files: no word of a hidden item (see test_canaries.py)."""

import hashlib

import pytest

from publisher.engine import go_back
from tests.leaks.world import FORMS, World, plain, traces
from tests.publisher.workshop import orphans

pytestmark = pytest.mark.django_db


def test_no_byte_of_any_release_or_of_the_publishers_own_files_holds_a_hidden_word(world: World) -> None:
    assert len(world.workshop.site.names()) >= 2, "a kept release has to be looked at too"
    objects = {path.relative_to(world.site).parts[0] for path in world.site.rglob("*")}
    assert {"objects", "releases", "replica.sqlite"} <= objects
    assert traces(world, world.site) == {}
    assert orphans(world.site) == []


@pytest.mark.parametrize(
    "surface", ["each kept release", "the shared directories", "the database and its log", "store"]
)
def test_each_surface_of_the_publisher_is_searched_and_clean(world: World, surface: str) -> None:
    places = {
        "each kept release": [world.workshop.site.path(name) for name in world.workshop.site.names()],
        "the shared directories": [world.site / "objects"],
        "the database and its log": list(world.site.glob("replica.sqlite*")),
        "store": [world.site / "store"],
    }[surface]
    for place in places:
        files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
        data = b"".join(plain(path) for path in files) if place.is_file() else b""
        assert world.words_in(data) | set(traces(world, place)) == set(), place
        shown = world.words_in(data, world.public_words) | set().union(
            *traces(world, place, world.public_words).values()
        )
        assert shown, f"nothing public was found in {place}: the search itself is broken"


def test_the_list_of_what_was_withdrawn_holds_ids_and_addresses_and_no_hidden_word(world: World) -> None:
    text = world.workshop.read("/thu-hoi.json") or ""
    assert world.words_in(text.encode()) == set()
    told = dict(world.workshop.revoked())
    for form in FORMS:
        withdrawn, restricted = (world.pages[f"{state}, {form}"] for state in ("withdrawn", "restricted"))
        assert told[withdrawn.uuid] is not None
        assert world.workshop.is_gone(told[withdrawn.uuid])
        assert restricted.uuid in told
        never_live = [world.pages[f"{state}, {form}"].uuid for state in ("never handed in", "waiting", "rejected")]
        assert not told.keys() & set(never_live)
    public = {world.pages[f"public, {form}"].uuid for form in FORMS}
    assert not told.keys() & public


def test_no_file_of_a_hidden_item_is_kept_by_the_publisher(world: World) -> None:
    kept = {hashlib.sha256(p.read_bytes()).hexdigest() for p in world.site.rglob("*") if p.is_file()}
    assert kept & world.hidden_files == set()


def test_metadata_of_a_photograph_does_not_go_out_even_when_the_photograph_is_public(world: World) -> None:
    assert [str(p) for p in world.site.rglob("*") if p.is_file() and b"metadata chimyen" in p.read_bytes()] == []


def test_going_back_to_a_kept_release_brings_no_hidden_word_back(world: World) -> None:
    newest = world.workshop.site.current()
    try:
        go_back(world.workshop.site, world.workshop.settings, None)
        assert world.workshop.site.current() != newest
        assert traces(world, world.site) == {}
    finally:
        world.workshop.site.switch(newest or "")
