"""The stylesheet, inlined into every page: one request before text is worth more than a cached file of this size."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

STYLESHEET = Path(__file__).parent / "static" / "site.css"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")
# Not before "(" or ":" nor around "+" and "-": "and (", "a :focus" and calc() need their space.
_AROUND_PUNCTUATION = re.compile(r" ?([{};,>]) ?")


def minify(css: str) -> str:
    """Return `css` without comments and needless white space. Knows the hand-written file beside it, not all of CSS."""
    css = _SPACE.sub(" ", _COMMENT.sub("", css))
    css = _AROUND_PUNCTUATION.sub(r"\1", css).replace(": ", ":")
    return css.replace(";}", "}").strip()


@cache
def inline_stylesheet() -> Markup:
    """The minified stylesheet, for a `<style>` element."""
    return Markup(minify(STYLESHEET.read_text(encoding="utf-8")))  # noqa: S704 - a file of this package


@cache
def content_security_policy() -> str:
    """The Content-Security-Policy for pages of this theme: no script at all, and no style but the inlined one."""
    digest = base64.b64encode(hashlib.sha256(inline_stylesheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
