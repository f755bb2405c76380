"""Where the files of items lie: below ``files/`` of a release, for readers below `contract.addresses.FILES_PATH`."""

from pathlib import PurePosixPath

from contract.models import Attachment
from contract.slugs import slugify

# What may lie below /tep/ under its own extension. Anything a browser might run (html, svg, js…) becomes .bin.
_EXTENSIONS = frozenset(
    {
        *("pdf", "doc", "docx", "odt", "rtf", "txt", "xls", "xlsx", "ods", "csv", "ppt", "pptx", "odp"),
        *("zip", "rar", "7z", "jpg", "jpeg", "png", "gif", "webp", "avif", "mp3", "m4a", "mp4", "webm"),
    }
)


def safe_name(name: str) -> str:
    """An ASCII file name from any name: ``Báo cáo.PDF`` gives ``bao-cao.pdf``, ``x.html`` gives ``x.bin``."""
    path = PurePosixPath(name)
    extension = path.suffix.lower().lstrip(".")
    if extension in _EXTENSIONS:
        return f"{slugify(path.stem) or 'tep'}.{extension}"
    return f"{slugify(path.stem) or 'tep'}.bin"


def release_file(sha256: str, name: str) -> str:
    """Path of a file below ``files/`` of the release; `FILES_PATH` plus it is its address."""
    return f"{sha256[:2]}/{sha256}/{name}"


def attachment_file(attachment: Attachment) -> str:
    """Path of an attachment below ``files/``."""
    return release_file(attachment.sha256, safe_name(attachment.name))
