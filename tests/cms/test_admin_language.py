"""Editors meet Vietnamese everywhere: in Wagtail's own texts, in its scripts, and on the pages they use daily."""

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from wagtail.admin.templatetags.wagtailadmin_tags import timesince_simple

from tests.cms.factories import Board, document, news

CMS = Path(__file__).resolve().parents[2] / "cms"
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2)}
SUPPLEMENT = CMS / "locale_wagtail" / "vi" / "LC_MESSAGES"
WAGTAIL = Path(str(find_spec("wagtail").origin)).parent
WAGTAIL_ROOMS = ["", "admin", "users", "images", "documents", "snippets", "search", "sites"]
DOMAINS = ["django", "djangojs"]

PLACEHOLDER = re.compile(r"%\([^)]+\)[sdr]|%[sd]|\{[a-z_]*\}")
TAG = re.compile(r"<[^>]+>")
# Wagtail formats with a mapping, so a name may stay unused: an editor need not be told the workflow's name on the
# button, and Wagtail's page search passes no name of what it counts and would print "None".
UNUSED = {
    "Submit to %(workflow_name)s": {"%(workflow_name)s"},
    "Resubmit to %(task_name)s": {"%(task_name)s"},
    "%(start_index)s-%(end_index)s of %(items_count)s %(model_name)s": {"%(model_name)s"},
}
TELL_TALE = re.compile(
    r"\b(publish|published|unpublish|draft|save|saved|edit|edited|delete|search|page|pages|status|live|submit|submitted|"
    r"workflow|moderation|approve|approved|comment|comments|history|preview|settings|privacy|locked|unlock|usage|"
    r"schedule|title|updated|type|reports|images|documents|account|dashboard|password|sign in|remember|"
    r"the|this|your|you|and|of|to|by|for|with|ago|minutes?|hours?|just now)\b",
    re.IGNORECASE,
)


def supplement(domain: str) -> Catalog:
    with (SUPPLEMENT / f"{domain}.po").open("rb") as stream:
        return read_po(stream)


def texts(domain: str) -> list[Message]:
    return [message for message in supplement(domain) if message.id]


def source(message: Message) -> str:
    """The English text; of a plural the form for many, which is the one Vietnamese replaces."""
    return message.id if isinstance(message.id, str) else message.id[-1]


def target(message: Message) -> str:
    return message.string if isinstance(message.string, str) else message.string[0]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_text_is_translated_with_exactly_its_placeholders_and_tags(domain: str) -> None:
    wrong = []
    for message in texts(domain):
        expected = set(PLACEHOLDER.findall(source(message))) - UNUSED.get(source(message), set())
        if set(PLACEHOLDER.findall(target(message))) != expected:
            wrong.append(("placeholders", source(message), target(message)))
        if sorted(TAG.findall(source(message))) != sorted(TAG.findall(target(message))):
            wrong.append(("tags", source(message), target(message)))
        if not target(message).strip() or target(message) != unicodedata.normalize("NFC", target(message)):
            wrong.append(("text", source(message), target(message)))
    assert not wrong


@pytest.mark.parametrize("domain", DOMAINS)
def test_vietnamese_has_one_plural_form(domain: str) -> None:
    assert supplement(domain).num_plurals == 1
    assert all(len(message.string) == 1 for message in texts(domain) if message.pluralizable)


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_text_of_the_installed_wagtail_is_left_out(domain: str) -> None:
    known = {(message.context, message.id) for message in texts(domain)}
    missing = []
    for room in WAGTAIL_ROOMS:
        path = WAGTAIL / room / "locale" / "en" / "LC_MESSAGES" / f"{domain}.po"
        if not path.exists():
            continue
        with path.open("rb") as stream:
            missing += [message.id for message in read_po(stream) if (message.context, message.id) not in known]
    assert not [text for text in missing if text]


def test_every_text_of_our_own_code_is_in_a_catalogue() -> None:
    """Templates are seen below, as pages; what a view says only when something went wrong is not."""
    extracted = extract_from_dir(CMS, method_map=[("**.py", "python")], keywords=KEYWORDS)
    wanted = {ids if isinstance(ids, str) else ids[0] for _, _, ids, _, _ in extracted}
    assert len(wanted) > 100
    with (CMS / "locale" / "vi" / "LC_MESSAGES" / "django.po").open("rb") as stream:
        known = {message.id if isinstance(message.id, str) else message.id[0] for message in read_po(stream)}
    known |= {source(message) for message in texts("django")}
    assert wanted - known == set()


class VisibleText(HTMLParser):
    """Collects what a page shows or reads aloud: texts outside scripts, and the attributes that speak."""

    SILENT = {"script", "style", "template", "noscript"}
    SPOKEN = {"aria-label", "title", "placeholder", "alt", "data-w-tooltip-content-value"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.silent = 0
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in self.SILENT
        self.texts += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.texts.append(" ".join(data.split()))


def english(html: str) -> Iterator[str]:
    return (text for text in VisibleText(html).texts if TELL_TALE.search(text))


@pytest.fixture
def board(db: None) -> Board:
    return Board()


def open_page(user: object, name: str, *arguments: object) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(reverse(name, args=arguments))
    assert response.status_code == 200, (name, response.status_code)
    return response.content.decode()


def test_the_pages_an_editor_uses_daily_hold_no_english(board: Board) -> None:
    live, waiting = board.write(document(), approved=True), board.write(news(), submitted=True)
    draft = board.write(news())
    visits = [
        ("wagtailadmin_home",),
        ("wagtailadmin_explore", board.unit.pk),
        *[("wagtailadmin_pages:edit", page.pk) for page in (live, waiting, draft)],
        *[("wagtailadmin_pages:history", page.pk) for page in (live, waiting)],
        ("wagtailadmin_pages:add_subpage", board.unit.pk),
        ("wagtailadmin_reports:workflow",),
        ("wagtailimages:index",),
        ("wagtaildocs:index",),
    ]
    found = {visit: list(english(open_page(board.editor, *visit))) for visit in visits}
    # The link says itself that it leads to a page in English.
    found = {visit: [text for text in left if "(tiếng Anh)" not in text] for visit, left in found.items()}
    assert not {visit: left for visit, left in found.items() if left}


def test_an_approver_reads_vietnamese_where_a_text_waits(board: Board) -> None:
    waiting = board.write(news(), submitted=True)
    assert not list(english(open_page(board.approver, "wagtailadmin_pages:edit", waiting.pk)))


def test_the_main_action_is_called_by_its_vietnamese_name(board: Board) -> None:
    page = open_page(board.editor, "wagtailadmin_pages:edit", board.write(news()).pk)
    assert "Gửi duyệt" in page
    assert "Lưu bản nháp" in page


def test_the_login_page_bears_the_name_and_emblem_of_the_product(client: Client, db: None) -> None:
    page = client.get(reverse("wagtailadmin_login")).content.decode()
    assert re.search(r"<title>\s*Đăng nhập - Bảng tin</title>", page)
    assert "Mật khẩu" in page
    assert "/static/cms/emblem.svg" in page
    assert "/static/cms/admin.css" in page
    assert not [text for text in VisibleText(page).texts if "Wagtail" in text]
    assert not list(english(page))


@pytest.mark.parametrize("name", ["cms/emblem.svg", "cms/admin.css"])
def test_the_files_of_the_branding_are_served(name: str) -> None:
    assert finders.find(name)


def test_the_scripts_of_the_admin_speak_vietnamese(board: Board) -> None:
    script = open_page(board.editor, "wagtailadmin_javascript_catalog")
    catalogue = json.loads(re.search(r"const newcatalog = (\{.*?\});", script, re.DOTALL).group(1))
    for message in texts("djangojs"):
        shown = catalogue[message.id if isinstance(message.id, str) else message.id[0]]
        assert target(message) in shown if isinstance(shown, list) else shown == target(message)


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "vừa xong"), (5, "5\xa0phút trước"), (130, "2\xa0giờ trước"), (3000, "2\xa0ngày trước")]
)
def test_times_are_told_in_vietnamese(minutes: int, text: str) -> None:
    with translation.override("vi"):
        assert timesince_simple(timezone.now() - timedelta(minutes=minutes)) == text
