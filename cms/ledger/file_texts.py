"""The text of attached files, so that the search finds what stands in them.

Read by the worker (`run_schedule`) from the published bytes, never while somebody waits: an approval goes out at once
whatever its files are like, and their text follows as one more change. Nobody approves it, because it adds nothing to
the bytes that were approved.
"""

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterable
from datetime import timedelta

from django.core.files.storage import storages
from django.db.models import Q, QuerySet
from django.utils import timezone

from cms.ledger import text_extraction
from cms.ledger.models import PublishedFile, Unread
from contract.models import PAGE_BREAK
from contract.normalising import normalise

logger = logging.getLogger(__name__)

FORMATS = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
LARGEST = 100_000_000  # bytes
SECONDS = 30.0  # for one file
# A store that is out of reach comes back: a file that could not be had is looked for again after so long.
MISSING_FOR = timedelta(hours=1)

# By how the reader ends: when its time is up by the first two signals, by SIGABRT where PDFium gets no memory.
_REASONS = {
    text_extraction.LOCKED: Unread.LOCKED,
    text_extraction.TOO_MUCH: Unread.TOO_MUCH,
    -signal.SIGXCPU: Unread.TOO_MUCH,
    -signal.SIGKILL: Unread.TOO_MUCH,
    -signal.SIGABRT: Unread.TOO_MUCH,
}


class UnreadableFileError(Exception):
    """A file without text; `reason` says why for editors, the message for those who run the system."""

    def __init__(self, reason: Unread, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


def texts_of(sha256s: Iterable[str]) -> dict[str, str]:
    """Hash to text, for the published files whose text is known."""
    return dict(PublishedFile.objects.filter(sha256__in=list(sha256s)).values_list("sha256", "text"))


def unread_files() -> QuerySet[PublishedFile]:
    """Files of live items that nobody has tried to read, or that could not be had when somebody last tried."""
    missing = Q(unread=Unread.MISSING, read_at__lte=timezone.now() - MISSING_FOR)
    waiting = PublishedFile.objects.filter(Q(read_at=None) | missing, media_type__in=FORMATS, items__isnull=False)
    return waiting.distinct().order_by("pk")


def read(file: PublishedFile) -> None:
    """Put the text of a file into its row, which is not saved, or why there is none."""
    file.text = file.unread = file.unread_detail = ""
    try:
        file.text = _text(file)
    except UnreadableFileError as error:
        file.unread, file.unread_detail = error.reason, str(error)[:200]
        # Only what is published comes here, so the log may name it.
        logger.warning("no text of the file %s: %s (%s)", file.sha256, error.reason.label, file.unread_detail)
    file.read_at = timezone.now()


def _text(file: PublishedFile) -> str:
    """The text of a file, page by page. Raises `UnreadableFileError`."""
    if file.size > LARGEST:
        raise UnreadableFileError(Unread.TOO_LARGE, f"more than {LARGEST} bytes")
    try:
        with storages["published"].open(file.storage_name, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise UnreadableFileError(Unread.MISSING, str(error)) from error
    pages = _pages(data, FORMATS[file.media_type])
    text = PAGE_BREAK.join(normalise(page).strip() for page in pages).rstrip(PAGE_BREAK)
    if not text.strip(PAGE_BREAK):
        raise UnreadableFileError(Unread.NO_TEXT, f"{len(pages)} pages")
    return text


def _pages(data: bytes, format_: str) -> list[str]:
    """What `text_extraction` finds. It runs without our environment: keys are no business of a parser."""
    program = [sys.executable, "-I", text_extraction.__file__, format_]
    try:
        done = subprocess.run(program, input=data, capture_output=True, env={}, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFileError(Unread.TOO_MUCH, f"not read in {SECONDS:g} s") from error
    if done.returncode:
        last_words = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        detail = " ".join([f"the reader ended with {done.returncode}", *last_words])
        raise UnreadableFileError(_REASONS.get(done.returncode, Unread.DAMAGED), detail)
    pages: list[str] = json.loads(done.stdout)
    return pages
