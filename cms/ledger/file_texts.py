"""The text of attached files, so that the search finds what stands in them.

Read by the worker (`run_schedule`) from the published bytes, never while somebody waits: an approval goes out at once
whatever its files are like, and their text follows as one more change. Nobody approves it, because it adds nothing to
the bytes that were approved.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Iterable

from django.core.files.storage import storages
from django.db.models import QuerySet
from django.utils import timezone

from cms.ledger import text_extraction
from cms.ledger.models import PublishedFile
from contract.models import PAGE_BREAK
from contract.normalising import normalise

logger = logging.getLogger(__name__)

FORMATS = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
LARGEST = 100_000_000  # bytes
SECONDS = 30.0  # for one file


class UnreadableFileError(Exception):
    """A file that is damaged, locked, or too much for its reader; the message says which."""


def texts_of(sha256s: Iterable[str]) -> dict[str, str]:
    """Hash to text, for the published files whose text is known."""
    return dict(PublishedFile.objects.filter(sha256__in=list(sha256s)).values_list("sha256", "text"))


def unread_files() -> QuerySet[PublishedFile]:
    """Files of live items that nobody has tried to read."""
    waiting = PublishedFile.objects.filter(media_type__in=FORMATS, read_at=None, items__isnull=False)
    return waiting.distinct().order_by("pk")


def read(file: PublishedFile) -> None:
    """Put the text of a file into its row, which is not saved, or why there is none."""
    file.text, file.unread = _read(file)
    file.read_at = timezone.now()
    if file.unread:
        # Only what is published comes here, so the log may name it.
        logger.warning("no text of the file %s: %s", file.sha256, file.unread)


def _read(file: PublishedFile) -> tuple[str, str]:
    """The text of a file, or else why there is none."""
    if file.size > LARGEST:
        return "", f"it is larger than {LARGEST} bytes"
    try:
        with storages["published"].open(file.storage_name, "rb") as stream:
            data = stream.read()
        pages = _pages(data, FORMATS[file.media_type])
    except (OSError, UnreadableFileError) as error:
        return "", str(error)[:200]
    text = PAGE_BREAK.join(normalise(page).strip() for page in pages).rstrip(PAGE_BREAK)
    return (text, "") if text.strip(PAGE_BREAK) else ("", "it holds no text, perhaps pictures of text")


def _pages(data: bytes, format_: str) -> list[str]:
    """What `text_extraction` finds. It runs without our environment: keys are no business of a parser."""
    program = [sys.executable, "-I", text_extraction.__file__, format_]
    try:
        done = subprocess.run(program, input=data, capture_output=True, env={}, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFileError(f"it could not be read in {SECONDS:g} s") from error
    if done.returncode:
        last_words = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise UnreadableFileError(" ".join([f"the reader ended with {done.returncode}", *last_words]))
    pages: list[str] = json.loads(done.stdout)
    return pages
