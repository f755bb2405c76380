"""Sanitised HTML of an item, made ready to stand on a page."""

from markupsafe import Markup

# Wide tables scroll inside their own box; the box takes the focus so that the keyboard scrolls it too. The sanitiser
# leaves no attribute on <table>, so the two tags can be found as text.
_BOX = '<div class="scroll" role="group" tabindex="0" aria-label="Bảng"><table>'


def prose(html: str) -> Markup:
    """Mark `html`, which must have passed `contract.html.sanitise`, as safe and box its tables.

    A `Markup` is taken as plain text first: its `replace` would escape the box.
    """
    boxed = str(html).replace("<table>", _BOX).replace("</table>", "</table></div>")
    return Markup(boxed)  # noqa: S704 - sanitised on save, and again by the contract of a snapshot
