"""The canary test: everything that must not be seen carries a word of its own, and every surface is searched for it.

Each non-public state an item can be in (THREATS T01) is made by the real workflow: as news with a picture and as a
document, both with attachments, and as search terms. The word stands in title, summary, body, alternative text, name,
bytes and text of the attachments, and in every kind of term. Items that are public carry words too: where those are
missing, the searching itself is broken.
"""

import gzip
import hashlib
import io
import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import brotli
import httpx
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.test import Client
from django.utils import timezone
from PIL import Image
from wagtail.models import Page, PageViewRestriction

from cms.content.files import FileAsset, Picture
from cms.content.models import DocumentPage, NewsPage, VocabularyPage
from cms.content.published_form import published_form
from cms.editorial.publication import withdraw
from cms.units.models import UnitPage
from contract.folding import fold
from contract.numbers import number_key
from contract.release import FILES, PAGES, RECORDS
from publisher.engine import RETRY_ON_START, go_back
from publisher.feed import HttpFeed
from search.completing import complete
from search.fallback import FallbackEngine
from search.lexicon import Lexicon
from search.live import LiveRelease
from search.request import read_request
from search.spelling import suggest
from tests.cms.factories import Board, document, file_asset, news, vocabulary
from tests.cms.files import pdf
from tests.publisher.workshop import Workshop, orphans

pytestmark = pytest.mark.django_db
_letters = itertools.product("bcdghklmnpqrstvx", repeat=3)
FORMS = ("news", "document", "terms")
FORMS_WITH_FILES = ("news", "document")


def canary() -> str:
    """A word nobody else writes; one token for every tokenizer, the same folded, slugged and in a number's key."""
    return f"chimyen{''.join(next(_letters))}"


class World:
    """A CMS with one public item of each form and one item in each state nobody may see; and the site made from it."""

    def __init__(self, root: Path) -> None:
        self.board = Board()
        self.secret_board = Board("Đảng ủy xã Núi Ngọc", parent=self.board.unit)
        self.words: dict[str, str] = {}  # of what nobody may see: word -> state and form
        self.public_words: dict[str, Any] = {}
        self.pages: dict[str, Any] = {}
        self.hidden_files: set[str] = set()
        self.hidden_stored: set[str] = set()
        self.workshop = Workshop(root)
        self.log = io.StringIO()

    # making items ---------------------------------------------------------------------------------------------------

    def values(self, form: str, word: str) -> dict[str, Any]:
        """Field values with the word in each of them. The address is neutral: that of a withdrawn item answers 410."""
        if form == "terms":
            return {"title": f"Tiêu đề {word}", "summary": f"Tóm tắt {word}", "terms": terms(word)}
        collection = self.board.unit.board_group.collection
        files = [
            file_asset(f"Nội dung tệp {word}".encode(), f"{word}.txt", collection),
            file_asset(pdf(f"Trang đọc được {word}"), f"ban-quet-{len(self.words)}.pdf", collection),
        ]
        common = {
            "title": f"Tiêu đề {word}",
            "summary": f"Tóm tắt {word}",
            "attachments": [("file", file) for file in files],
            "source_name": f"Báo {word}",
        }
        if form == "news":
            return common | {"body": f"<p>Thân bài {word}</p>", "picture": picture(word), "picture_alt": f"Ảnh {word}"}
        return common | {
            "text": f"Căn cứ {word};\nĐiều 1. Phạm vi {word}\n1. Khoản {word}.\nĐiều 2. Thi hành\nNội dung {word}.",
            "issuer": f"Ban {word}",
            "signer": f"Người {word}",
        }

    def item(self, form: str, state: str, **options: Any) -> Any:
        word, number = canary(), len(self.words) + len(self.public_words) + 1
        make = {"news": news, "terms": vocabulary, "document": partial(document, number=f"{900 + number}-QĐ/TU")}[form]
        page = make(slug=f"muc-so-{number}x", **self.values(form, word))
        (self.public_words if state == "public" else self.words)[word] = f"{state}, {form}"
        self.pages[f"{state}, {form}"] = page = self.board.write(page, **options)
        return page

    def make_public(self, form: str) -> None:
        page = self.item(form, "public", approved=True)
        draft = page.get_latest_revision_as_object()
        word = canary()
        self.words[word] = f"newer draft of a live item, {form}"
        for name, value in self.values(form, word).items():
            setattr(draft, name, value)
        draft.save_revision(user=self.board.editor)
        self.pages[self.words[word]] = draft

    def make_never_live(self, form: str) -> None:
        self.item(form, "never handed in")
        self.item(form, "waiting", submitted=True)
        rejected = self.item(form, "rejected", submitted=True)
        task_state = rejected.current_workflow_task_state
        task_state.task.specific.on_action(task_state, self.board.approver, "reject", comment="Xem lại.")
        scheduled = self.item(form, "scheduled")
        self.board.edit(scheduled, go_live_at=timezone.now() + timedelta(days=2))
        self.board.approve(self.board.submit(scheduled))
        original = self.pages[f"public, {form}"]
        word = canary()
        self.words[word] = f"copied, {form}"
        changed = {"title": f"Bản sao {word}", "summary": word, "slug": f"ban-sao-{form}-x"}
        self.pages[self.words[word]] = original.copy(update_attrs=changed, keep_live=True)

    ONCE_LIVE = ("withdrawn", "deleted", "restricted", "expired", "moved below a restricted unit")

    def make_live_for_now(self, form: str) -> None:
        for state in self.ONCE_LIVE:
            self.item(form, state, approved=True)

    def below_a_unit_that_is_restricted(self) -> None:
        word = canary()
        self.words[word] = "below a restricted unit, news"
        page = self.secret_board.write(news(slug="muc-trong-don-vi-x", **self.values("news", word)), approved=True)
        self.pages[self.words[word]] = page

    def hide(self, form: str) -> None:
        withdraw(self.page("withdrawn", form), self.board.approver, "Sai số liệu")
        self.page("deleted", form).delete()
        login = PageViewRestriction.LOGIN
        PageViewRestriction.objects.create(page=self.page("restricted", form), restriction_type=login)
        Page.objects.filter(pk=self.page("expired", form).pk).update(expire_at=timezone.now() - timedelta(minutes=1))
        unit = UnitPage.objects.get(pk=self.secret_board.unit.pk)
        PageViewRestriction.objects.get_or_create(page=unit, restriction_type=login)
        self.page("moved below a restricted unit", form).move(unit, pos="last-child")

    def page(self, state: str, form: str) -> Any:
        kept = self.pages[f"{state}, {form}"]
        return type(kept).objects.get(pk=kept.pk)

    def remember_files(self) -> None:
        """Hashes and stored names of all files no public item has."""
        for name, page in self.pages.items():
            if name.startswith(("public", "copied")):
                continue
            self.hidden_files |= {stored.sha256 for stored in published_form(page).files}
            self.hidden_stored |= {block.value.file.name for block in getattr(page, "attachments", ())}
            if getattr(page, "picture", None):
                self.hidden_stored |= {page.picture.file.name, *(r.file.name for r in page.picture.renditions.all())}

    # publishing -----------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Poll the feed over the real HTTP interface and build, then clean the kept releases, as the command does."""
        feed = HttpFeed("http://testserver/api/v1/changes/", settings.FEED_TOKEN)
        feed._client = httpx.Client(transport=httpx.WSGITransport(app=get_wsgi_application()))
        publisher = self.workshop.publisher_of(feed)
        try:
            outcome = publisher.step(self.workshop.day, always=True, retry=RETRY_ON_START)
            assert outcome is not None
            assert outcome.set_aside == []
            while publisher.tidy_up():
                pass
        finally:
            publisher.close()

    @property
    def site(self) -> Path:
        return self.workshop.site.root

    def words_in(self, data: bytes, words: Iterable[str] | None = None) -> set[str]:
        text = data.lower()
        return {word for word in (self.words if words is None else words) if word.encode() in text}


def terms(word: str) -> list[tuple[str, dict[str, str]]]:
    """A term of each kind with the word in it."""
    return [
        ("abbreviation", {"words": word[-5:].upper(), "means": f"Nghĩa {word}"}),
        ("synonym", {"words": f"Từ {word}", "means": "từ khác"}),
        ("alias", {"words": f"Văn bản {word}", "number": "18-NQ/TW"}),
        ("query", {"words": f"tìm {word}"}),
    ]


def picture(word: str) -> Picture:
    """A photograph whose metadata holds the word as well, as cameras and phones write into it."""
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = f"metadata {word}"  # ImageDescription
    colour = tuple(hashlib.sha256(word.encode()).digest()[:3])
    Image.new("RGB", (700, 400), colour).save(stream, "JPEG", exif=exif)
    assert word.encode() in stream.getvalue()
    return Picture.objects.create(title=word, file=ContentFile(stream.getvalue(), name=f"{word}.jpg"))


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Published twice: with what was live for a while, and after that was hidden. Built once, undone at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = World(tmp_path_factory.mktemp("canaries"))
        handler, root = logging.StreamHandler(world.log), logging.getLogger()
        root.addHandler(handler)
        level = root.level
        root.setLevel(logging.INFO)  # what a server in production logs
        try:
            for form in FORMS:
                world.make_public(form)
                world.make_never_live(form)
                world.make_live_for_now(form)
            world.below_a_unit_that_is_restricted()
            world.remember_files()
            call_command("run_schedule", "--once")
            world.publish()
            seen = traces(world, world.site, {w for w, state in world.words.items() if state.startswith("withdrawn")})
            assert seen, "what was live for a while was not on the site: hiding it would prove nothing"
            for form in FORMS:
                world.hide(form)
            call_command("run_schedule", "--once")
            world.publish()
            yield world
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            transaction.set_rollback(True)


@pytest.fixture
def service() -> Client:
    """A client that carries the service token."""
    return Client(headers={"Authorization": f"Bearer {settings.FEED_TOKEN}"})


def plain(path: Path) -> bytes:
    data = path.read_bytes()
    unpack: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".br": brotli.decompress}
    return unpack[path.suffix](data) if path.suffix in unpack else data


def traces(world: World, root: Path, words: Iterable[str] | None = None) -> dict[str, set[str]]:
    """Files below `root` that hold one of the words in name or content, with the words; links are followed."""
    found = {}
    for directory, _, names in os.walk(root, followlinks=True):
        for path in (Path(directory, name) for name in names):
            name = str(path.relative_to(root))
            hits = world.words_in(name.encode(), words) | world.words_in(plain(path), words)
            if hits:
                found[name] = {world.words.get(word, word) for word in hits}
    return found


# The oracle itself ----------------------------------------------------------------------------------------------------


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


# Surfaces -------------------------------------------------------------------------------------------------------------


def test_the_changes_feed_carries_public_words_only(world: World, service: Client) -> None:
    body = service.get("/api/v1/changes/", {"after": 0}).content
    assert world.words_in(body, world.public_words) == set(world.public_words)
    for after in range(len(body.splitlines()) * 3):
        assert world.words_in(service.get("/api/v1/changes/", {"after": after}).content) == set()


KINDS = ("documents", "news", "guidance", "units")
ODD_PARAMETERS: tuple[dict[str, str], ...] = (
    {},
    {"page_size": "1000"},
    {"status": "draft"},
    {"live": "false", "snapshot": ""},
    {"fields": "*", "expand": "~all"},
    {"audience": "members"},
    {"snapshot__data__contains": "chimyen"},
    {"title__startswith": "Tiêu"},
    {"format": "api"},
    {"ordering": "snapshot__data"},
    {"ordering": "-page_id"},
    {"ordering": "title"},
    {"ordering": "-number"},
    {"type": "nghi-quyet", "page_size": "100"},
    {"issued_after": "1900-01-01", "page_size": "100"},
    {"cursor": "cD0yMDAwLTAxLTAx"},
    {"unit": "khong-phai-uuid"},
    {"after": "0", "offset": "0", "limit": "1000"},
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_api_lists_public_words_only_whatever_is_asked(world: World, kind: str) -> None:
    client = Client()
    for parameters in ODD_PARAMETERS:
        response = client.get(f"/api/v1/{kind}/", parameters)
        assert response.status_code in (200, 400, 404), parameters
        assert world.words_in(response.content) == set(), parameters
    for method in ("options", "head", "post", "put", "delete", "patch"):
        assert world.words_in(getattr(client, method)(f"/api/v1/{kind}/").content) == set()


def test_the_content_api_finds_no_hidden_word_number_or_issuer(world: World) -> None:
    client = Client()
    for word in world.words:
        for parameters in ({"q": word}, {"q": word[:9]}, {"issuer": f"Ban {word}"}):
            for kind in KINDS:
                answer = client.get(f"/api/v1/{kind}/", {**parameters, "page_size": "100"}).json()
                titles = " ".join(item["title"] for item in answer.get("results", []))
                assert word not in titles, (kind, parameters)
    numbers = [page.number for name, page in world.pages.items() if "document" in name and "public" not in name]
    public = world.pages["public, document"].number
    for number in numbers:
        results = client.get("/api/v1/documents/", {"number": number}).json()["results"]
        assert bool(results) == (number_key(number) == number_key(public)), number
    assert client.get("/api/v1/documents/", {"q": public}).json()["results"]


def test_the_details_of_hidden_items_are_a_404_like_that_of_an_item_that_never_was(world: World) -> None:
    client = Client()
    unknown = client.get(f"/api/v1/news/{'0' * 8}-0000-4000-8000-{'0' * 12}/")
    assert unknown.status_code == 404
    for name, page in world.pages.items():
        if name.startswith(("public", "newer draft")):
            continue
        for kind in KINDS:
            response = client.get(f"/api/v1/{kind}/{page.uuid}/")
            assert (response.status_code, response.content) == (404, unknown.content), name
    for form, kind in (("news", "news"), ("document", "documents")):
        detail = client.get(f"/api/v1/{kind}/{world.pages[f'public, {form}'].uuid}/")
        assert world.words_in(detail.content) == set()
        assert world.words_in(detail.content, world.public_words)


def test_files_of_hidden_items_are_a_404_even_with_the_service_token(world: World, service: Client) -> None:
    assert len(world.hidden_files) > 20
    for sha256 in world.hidden_files:
        address = f"/api/v1/files/{sha256}/"
        assert Client().get(address).status_code == 403
        assert service.get(address).status_code == 404
    shown = published_form(world.page("public", "news")).files
    assert [service.get(f"/api/v1/files/{stored.sha256}/").status_code for stored in shown] == [200] * len(shown)


def test_stored_files_are_the_same_404_for_strangers_and_for_other_units(world: World) -> None:
    stranger, neighbour = Client(), Client()
    neighbour.force_login(world.secret_board.editor)
    for client in (stranger, neighbour):
        missing = client.get("/media/files/khong-co.txt")
        assert missing.status_code == 404
        for name in world.hidden_stored:
            response = client.get(f"/media/{quote(name)}")
            assert (response.status_code, response.content) == (404, missing.content)
        for asset in FileAsset.objects.all():
            response = client.get(asset.url)
            assert response.status_code == 404
            assert world.words_in(response.content) == set()


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


def test_nothing_of_a_hidden_text_stands_in_the_logs(world: World) -> None:
    assert world.words_in(world.log.getvalue().encode()) == set()
