"""Reads the text of one PDF or Word file, in a process of its own: ``python -I text_extraction.py FORMAT < FILE``.

Files come from anywhere and parsers have faults, so this runs without the CMS's environment and under limits: whatever
a file does to it, only this process ends. Writes the pages as a JSON array; the last line of an error says what is
wrong with the file. Stands alone: nothing of the CMS is imported here.
"""

import json
import resource
import sys
from collections.abc import Callable, Iterator
from io import BytesIO

MEMORY = 1 << 30  # bytes
SECONDS = 20  # of the processor
PAGES = 500
CHARACTERS = 500_000

# How the process ends when the file opens with a password only, and when it asks for too much. Anything else: damaged.
LOCKED = 3
TOO_MUCH = 4

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# What Word makes of a file with a password: no longer a zip but a compound file that names its one stream.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SPACE = {f"{_WORD}p": "\n", f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n"}


class LockedError(Exception):
    """The file opens with a password only."""


def pdf_pages(data: bytes) -> Iterator[str]:
    """The pages of a PDF as PDFium reads them; a page that is a picture is empty. Raises `LockedError`."""
    import pypdfium2
    from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

    try:
        opened = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            raise LockedError from error
        raise
    with opened as document:
        for number in range(min(len(document), PAGES)):
            # U+FFFE is what PDFium makes of a hyphen at the end of a line.
            yield document[number].get_textpage().get_text_bounded().replace("\ufffe", "")


def docx_pages(data: bytes) -> Iterator[str]:
    """The text of a Word file with tables and text boxes, parted where Word last broke its pages.

    Raises `LockedError`, and `MemoryError` also where lxml has another name for it.
    """
    import docx
    from lxml.etree import ErrorTypes, XMLSyntaxError

    if data.startswith(_COMPOUND) and _ENCRYPTED in data:
        raise LockedError
    try:
        body = docx.Document(BytesIO(data)).element.body
    except XMLSyntaxError as error:
        # No memory left, or more than lxml takes whatever the memory, as a single text of 10 MB.
        if error.code in (ErrorTypes.ERR_NO_MEMORY, ErrorTypes.ERR_RESOURCE_LIMIT):
            raise MemoryError from error
        raise
    page: list[str] = []
    for element in body.iter():
        if element.tag == f"{_WORD}t":
            # A text box stands there a second time, for old programs.
            page.append("" if any(True for _ in element.iterancestors(_FALLBACK)) else element.text or "")
        elif element.tag == f"{_WORD}lastRenderedPageBreak":
            yield "".join(page)
            page = []
        else:
            page.append(_SPACE.get(element.tag, ""))
    yield "".join(page)


READERS: dict[str, Callable[[bytes], Iterator[str]]] = {"pdf": pdf_pages, "docx": docx_pages}


def pages_within_limits(pages: Iterator[str]) -> list[str]:
    """The first pages, up to `PAGES` and `CHARACTERS`; the last one may be cut."""
    kept: list[str] = []
    left = CHARACTERS
    for page in pages:
        kept.append(page[:left])
        left -= len(page)
        if left <= 0 or len(kept) == PAGES:
            break
    return kept


def main() -> None:
    """Read standard input, write the pages to standard output; or end with `LOCKED`, `TOO_MUCH` or an error."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pages = pages_within_limits(READERS[sys.argv[1]](sys.stdin.buffer.read()))
    except LockedError:
        sys.exit(LOCKED)
    except MemoryError:
        sys.exit(TOO_MUCH)
    sys.stdout.write(json.dumps(pages))


if __name__ == "__main__":
    main()
