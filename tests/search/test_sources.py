"""What was made by other code than ours of today is known for it."""

from collections.abc import Iterator

import pytest

from search import sources
from search.indexes import ROWS, definition_key
from search.sources import read_source, source_key


@pytest.mark.parametrize("changed", ["search.rows", "search.provision_texts", "contract.folding", "contract.numbers"])
def test_an_index_is_of_another_definition_as_soon_as_a_module_that_shapes_its_rows_changes(
    changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = definition_key()
    edit(changed, monkeypatch)
    assert definition_key() != before


@pytest.mark.parametrize("changed", ["search.answering", "search.rows"])
def test_what_has_no_part_in_it_changes_nothing(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "search.provision_texts"
    before = source_key(module)
    edit(changed, monkeypatch)
    assert source_key(module) == before


def test_every_way_to_import_a_module_of_ours_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = b"import contract.folding\nfrom contract import slugs\ndef f():\n    from search.telex import x\nimport json"
    monkeypatch.setattr(sources, "read_source", lambda name: ways if name == ROWS else b"")
    assert set(sources._sources((ROWS,))) == {ROWS, "contract.folding", "contract.slugs", "search.telex"}


def test_an_import_that_could_be_overlooked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "read_source", lambda name: b"from .telex import x")
    with pytest.raises(ValueError, match="write it out"):
        sources._sources((ROWS,))


def edit(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the module reads otherwise."""
    source_key.cache_clear()
    monkeypatch.setattr(sources, "read_source", lambda name: read_source(name) + (b"#" if name == module else b""))


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    source_key.cache_clear()
    yield
    source_key.cache_clear()
