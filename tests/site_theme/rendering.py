"""Renders the sample pages once for all tests of the room."""

from functools import cache

from lxml import html as lxml_html

from site_theme.environment import environment
from tests.site_theme.samples import pages

NAMES = tuple(pages())


@cache
def rendered(name: str) -> str:
    """The page of `samples.pages()` as HTML."""
    template, data = pages()[name]
    return environment().get_template(template).render(data)


def parsed(markup: str) -> lxml_html.HtmlElement:
    """The page as a tree."""
    return lxml_html.document_fromstring(markup)
