"""The one script of the theme, for the search page only: completions below the search box.

It goes into the page like the stylesheet, named by its hash in the policy of that page; every other page is without
script, and the search page works without it.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from site_theme.stylesheet import content_security_policy, minify

_STATIC = Path(__file__).parent / "static"
COMPLETIONS = _STATIC / "completions.js"
COMPLETIONS_STYLE = _STATIC / "completions.css"

_STRING = re.compile(r'("[^"\n]*")')
_COMMENT_LINE = re.compile(r"^\s*//.*$", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_AROUND_PUNCTUATION = re.compile(r" ?([{}()\[\];,:=+*%<>?&|!-]) ?")


def minify_script(script: str) -> str:
    """Return `script` without comment lines and needless white space.

    Knows the hand-written file beside it, not all of JavaScript: texts stand in double quotes, statements end with a
    semicolon, there are no regular expressions and no templates.
    """
    parts = _STRING.split(_COMMENT_LINE.sub("", script))
    code = (_AROUND_PUNCTUATION.sub(r"\1", _SPACE.sub(" ", part)) for part in parts[::2])
    texts = [*parts[1::2], ""]
    return "".join(part + text for part, text in zip(code, texts, strict=True)).replace(";}", "}").strip()


@cache
def completion_script() -> Markup:
    """The minified script, for a `<script>` element at the end of the search page."""
    return Markup(minify_script(COMPLETIONS.read_text(encoding="utf-8")))  # noqa: S704 - a file of this package


@cache
def completion_style() -> Markup:
    """The look of the list, for a `<style>` element of the search page."""
    return Markup(minify(COMPLETIONS_STYLE.read_text(encoding="utf-8")))  # noqa: S704 - a file of this package


@cache
def search_page_policy() -> str:
    """The Content-Security-Policy of the search page: that of all pages, and this script and style by their hashes.

    The script may ask the search service of its own site, and nobody else.
    """
    return (
        content_security_policy().replace("style-src ", f"style-src '{_digest(completion_style())}' ")
        + f"; script-src '{_digest(completion_script())}'; connect-src 'self'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
