"""Uploaded files: private, under unguessable names, known by content.

Nothing here is ever linked from the reading site. What a snapshot holds is copied by the ledger and handed to the
publisher; everything else can be seen only by editors who may work with the collection it lies in.
"""

import hashlib
import secrets
from mimetypes import MimeTypes
from pathlib import PurePath
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.documents.models import AbstractDocument
from wagtail.images.models import AbstractImage, AbstractRendition

from contract.slugs import slugify

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
# Python's own table and what boards attach. Not that of the machine, which a container does not have: the type of a
# file is part of what is approved.
_MEDIA_TYPES = MimeTypes(filenames=())
for _suffix, _type in {
    ".7z": "application/x-7z-compressed",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".odp": f"{_OPEN_DOCUMENT}.presentation",
    ".ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    ".odt": f"{_OPEN_DOCUMENT}.text",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".webp": "image/webp",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}.items():
    _MEDIA_TYPES.add_type(_type, _suffix)


def media_type(name: str) -> str:
    """The media type of a file by its name, the same on every machine."""
    return _MEDIA_TYPES.guess_type(name)[0] or "application/octet-stream"


def unguessable_name(instance: Any, filename: str) -> str:
    """Storage path with 128 random bits; the extension is kept because libraries look at it."""
    suffix = slugify(PurePath(filename).suffix.lstrip("."), 8)
    prefix = "pictures" if isinstance(instance, Picture) else "files"
    return f"{prefix}/{secrets.token_hex(16)}{'.' + suffix if suffix else ''}"


def sha256_of_file(file: Any) -> str:
    """Hex SHA-256 of a Django file's bytes."""
    digest = hashlib.sha256()
    with file.storage.open(file.name, "rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


class FileAsset(AbstractDocument):
    """A file to attach: PDF, Word…"""

    file = models.FileField(upload_to=unguessable_name, verbose_name=_("file"))

    admin_form_fields = ("title", "file", "collection")

    class Meta(AbstractDocument.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")


class Picture(AbstractImage):
    """A picture of a news item."""

    admin_form_fields = ("title", "file", "description", "collection", "focal_point_x", "focal_point_y",
                         "focal_point_width", "focal_point_height")  # fmt: skip

    class Meta(AbstractImage.Meta):
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def get_upload_to(self, filename: str) -> str:
        return unguessable_name(self, filename)


class PictureRendition(AbstractRendition):
    """One size of a picture; lies beside it under a name as unguessable."""

    image = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)
