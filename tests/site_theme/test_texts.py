"""Every text of the templates has a Vietnamese one."""

import re
import unicodedata
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from site_theme.environment import THEME, environment
from site_theme.texts import CATALOGUE

KEYWORDS = ("_", "gettext", "ngettext", "pgettext", "npgettext")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")


def used_texts() -> dict[str, Path]:
    options = {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
    found = {}
    for path in sorted((THEME / "templates").glob("*.html")):
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, KEYWORDS, [], options):
                found[message if isinstance(message, str) else message[0]] = path
    return found


def catalogue() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        messages = [m for m in read_po(file, locale="vi", abort_invalid=True) if m.id]
    assert [m.id for m in messages if m.fuzzy] == []
    return {str(m.id): str(m.string) for m in messages}


def test_no_text_is_missing_or_empty() -> None:
    texts = catalogue()
    assert {message: path.name for message, path in used_texts().items() if not texts.get(message)} == {}


def test_no_text_is_left_over() -> None:
    assert set(catalogue()) - set(used_texts()) == set()


def test_placeholders_are_the_same_in_both_languages() -> None:
    for english, vietnamese in catalogue().items():
        assert set(_PLACEHOLDER.findall(english)) == set(_PLACEHOLDER.findall(vietnamese))


def test_texts_are_composed_and_use_the_official_tone_placement() -> None:
    for text in catalogue().values():
        assert unicodedata.is_normalized("NFC", text)
        assert not re.search(r"o[àáảãạ]\b|(?<!q)u[ỳýỷỹỵ]\b", text, re.IGNORECASE)


def test_templates_speak_vietnamese() -> None:
    assert environment().from_string("{{ _('Search') }}").render() == "Tìm kiếm"
    assert environment().from_string("{% trans n='<b>' %}Page {{ n }}{% endtrans %}").render() == "Page &lt;b&gt;"


def test_texts_are_translated_when_a_template_is_compiled() -> None:
    compiled = environment().compile("{{ _('Search') }}{% trans number=n %}Page {{ number }}{% endtrans %}", raw=True)
    assert "Tìm kiếm" in compiled
    assert "Trang" in compiled
    assert "gettext" not in compiled
