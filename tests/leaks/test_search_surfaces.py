"""What the search finds, counts, offers and keeps: no word of a hidden item is in it (see test_canaries.py)."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from contract.folding import fold
from search.completing import complete
from search.fallback import FallbackEngine
from search.lexicon import Lexicon
from search.live import LiveRelease
from search.request import read_request
from search.spelling import suggest
from tests.leaks.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def search(world: World) -> Iterator[Callable[..., Any]]:
    """The embedded search over the current release."""
    engine = FallbackEngine()
    release = LiveRelease(world.site).get()
    assert release is not None

    def ask(**parameters: str) -> Any:
        return engine.answer(read_request(parameters), release)

    yield SimpleNamespace(ask=ask, file=engine._file)
    engine.close()


def test_the_search_finds_public_words_and_counts_no_hidden_one(world: World, search: Any) -> None:
    for word in world.public_words:
        assert search.ask(q=word).total == 1
    everything = search.ask()
    assert everything.total == len(world.public_words)
    assert world.words_in(repr(everything).encode()) == set()
    for word in world.words:
        for parameters in ({"q": word}, {"q": f'"{word}"'}, {"q": f"Tiêu đề {word}"}, {"issuer": f"Ban {word}"}):
            answer = search.ask(**parameters)
            assert world.words_in(repr((answer.results, answer.facets, answer.numbered)).encode()) == set()
        assert search.ask(q=word).total == 0
        assert all(not values for values in search.ask(q=word).facets.values())


def test_the_searchs_own_file_holds_no_hidden_word(world: World, search: Any) -> None:
    search.ask(q="Tiêu đề")
    data = b"".join(path.read_bytes() for path in search.file.parent.glob(f"{search.file.name}*"))
    assert world.words_in(data, world.public_words) == set(world.public_words)
    assert world.words_in(data) == set()


def test_the_search_box_learns_from_public_pages_only(world: World) -> None:
    release = LiveRelease(world.site).get()
    assert release is not None
    public = next(word for word, state in world.public_words.items() if state.endswith("terms"))
    assert release.vocabulary.queries == (f"tìm {public}",)
    assert [found.number for found in release.vocabulary.aliases(f"Văn bản {public}")] == ["18-NQ/TW"]
    for word in world.words:
        assert release.vocabulary.aliases(f"Văn bản {word}") == release.vocabulary.expand(f"Từ {word}") == ()


def test_the_search_box_neither_completes_nor_corrects_to_a_hidden_word(world: World) -> None:
    release = LiveRelease(world.site).get()
    assert release is not None
    lexicon = Lexicon()
    lexicon.bring_to(release)
    for word in world.public_words:
        assert lexicon.spellings([fold(word)], 1)
        assert complete(f"tiêu đề {word[:-1]}", lexicon, release)
    for word in world.words:
        assert lexicon.spellings([fold(word)], 1) == {}
        offered = complete(f"tiêu đề {word[:-1]}", lexicon, release, release.vocabulary.queries)
        meant = suggest(f"tiêu đề {word[:-1]}", lexicon)
        assert world.words_in(repr((offered, meant)).encode()) == set()
    lexicon.close()
