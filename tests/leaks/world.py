"""A CMS in which every text that nobody may see carries a word of its own, the site made from it, and the searching."""

import gzip
import hashlib
import io
import itertools
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import brotli
import httpx
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.handlers.wsgi import WSGIHandler
from django.utils import timezone
from PIL import Image
from wagtail.models import Page, PageViewRestriction

from cms.content.files import Picture
from cms.content.published_form import published_form
from cms.editorial.publication import withdraw
from cms.units.models import UnitPage
from publisher.engine import RETRY_ON_START
from publisher.feed import HttpFeed
from tests.cms.factories import Board, document, file_asset, news, vocabulary
from tests.cms.files import pdf
from tests.publisher.workshop import Workshop

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
        # Not `get_wsgi_application`: that sets logging up anew, and nothing would come to `log` any more.
        feed._client = httpx.Client(transport=httpx.WSGITransport(app=WSGIHandler()))
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
