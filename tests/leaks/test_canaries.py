"""The canary test: everything that must not be seen carries a word of its own, and every surface is searched for it.

Each non-public state an item can be in (THREATS T01) is made by the real workflow: as news with a picture and as a
document, both with attachments, and as search terms. The word stands in title, summary, body, alternative text, name,
bytes and text of the attachments, and in every kind of term. Items that are public carry words too: where those are
missing, the searching itself is broken.
"""

import pytest

from cms.content.models import DocumentPage, NewsPage, VocabularyPage
from contract.release import FILES, PAGES, RECORDS
from tests.leaks.world import FORMS, FORMS_WITH_FILES, World, traces

pytestmark = pytest.mark.django_db


def test_every_state_is_there_and_every_word_is_in_the_cms(world: World) -> None:
    states = {state.partition(",")[0] for state in world.words.values()}
    assert states == {
        "never handed in", "waiting", "rejected", "scheduled", "copied", "newer draft of a live item",
        "withdrawn", "deleted", "restricted", "expired", "moved below a restricted unit", "below a restricted unit",
    }  # fmt: skip
    kept = {state: word for word, state in world.words.items() if not state.startswith("deleted")}
    drafts = [
        p.get_latest_revision_as_object() for m in (NewsPage, DocumentPage, VocabularyPage) for p in m.objects.all()
    ]
    titles = " ".join(draft.title for draft in drafts)
    assert [state for state, word in kept.items() if word not in titles] == []


@pytest.mark.parametrize("place", [PAGES, FILES, RECORDS])
def test_words_of_public_items_are_found_in_the_release(world: World, place: str) -> None:
    found = set().union(*traces(world, world.workshop.current / place, world.public_words).values())
    forms = FORMS_WITH_FILES if place == FILES else FORMS
    assert found == {word for word, state in world.public_words.items() if state.endswith(forms)}


def test_the_text_of_public_files_is_in_the_release(world: World) -> None:
    texts = [a.text for record in world.workshop.records() for a in record.snapshot.attachments]
    read = [text for text in texts if text.startswith("Trang đọc được ")]
    assert {text.split()[-1] for text in read} == {
        w for w, s in world.public_words.items() if s.endswith(FORMS_WITH_FILES)
    }


def test_words_of_public_items_are_found_in_feeds_and_in_compressed_copies(world: World) -> None:
    names = traces(world, world.workshop.current / PAGES, world.public_words)
    assert any(name.endswith("feed.atom") for name in names)
    assert any(name.endswith(".br") for name in names)
    assert any(name.endswith(".gz") for name in names)
