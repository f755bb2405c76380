"""Pages stay small enough for a slow network: one request before text, and that one short."""

import gzip
from typing import Any

import brotli
import pytest

from contract.vocabulary import Kind
from site_theme.environment import environment
from site_theme.stylesheet import content_security_policy, inline_stylesheet, minify
from tests.site_theme import samples
from tests.site_theme.rendering import NAMES, rendered

FIRST_FLIGHT = 14_000
"""Bytes a server may send before the first acknowledgement (ten segments)."""


def gzipped(text: str) -> int:
    return len(gzip.compress(text.encode(), 9))


def document(articles: int) -> str:
    data: dict[str, Any] = samples.document_data(articles=articles)
    return environment().get_template("document.html").render(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_page_fits_the_first_flight(name: str) -> None:
    assert gzipped(rendered(name)) < FIRST_FLIGHT


def test_a_short_article_is_about_four_kilobytes_compressed() -> None:
    data = samples.item_data(Kind.NEWS, body=samples.PARAGRAPH * 3)
    markup = environment().get_template("news.html").render({**data, "picture": None, "files": []})
    assert gzipped(markup) < 5_200
    assert len(brotli.compress(markup.encode())) < 4_600


def test_two_hundred_provisions_cost_little_beside_their_text() -> None:
    one, fifty = document(1), document(50)
    added = 49 * 5
    assert gzipped(fifty) - gzipped(one) < added * 25


def test_the_stylesheet_stays_short() -> None:
    assert len(inline_stylesheet()) < 11_000
    assert gzipped(str(inline_stylesheet())) < 3_600


def test_minifying_keeps_what_css_needs() -> None:
    css = (
        "a > b { margin: 0 calc(1rem + 2px); /* why */ }\n@media (min-width: 1rem) and (color) { .a :focus { x: y; } }"
    )
    assert minify(css) == "a>b{margin:0 calc(1rem + 2px)}@media (min-width:1rem) and (color){.a :focus{x:y}}"


def test_the_policy_names_the_stylesheet_by_its_hash_and_allows_no_script() -> None:
    policy = content_security_policy()
    assert "style-src 'sha256-" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy
