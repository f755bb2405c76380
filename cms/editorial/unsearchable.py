"""Published files whose text the search does not find, why, and what editors can do about it.

The worker reads files after they are published (`cms.ledger.file_texts`) and can tell nobody at that moment.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.permission_policies.pages import PagePermissionPolicy

from cms.content.base import ContentPage
from cms.ledger.models import PublishedFile, PublishedItem, Unread

# Some scans stay what they are: the dashboard names a file for so long, the form of its page always.
NEWS_FOR = timedelta(days=30)
SHOWN = 10

_WHAT: dict[str, str | Promise] = {
    Unread.LOCKED: _(
        "This file opens with a password only, so nothing in it can be searched. Remove the password, upload the file "
        "anew and have the text approved again."
    ),
    Unread.NO_TEXT: _(
        "This file is a scan, without text to search; readers find the item by its own text only. For the file, too, "
        "to be searched, run text recognition (OCR) over it or attach the Word file as well, and have the text "
        "approved again."
    ),
    Unread.TOO_LARGE: _(
        "This file is too large to be searched (more than 100 MB). Make it smaller or split it, and have the text "
        "approved again."
    ),
    Unread.TOO_MUCH: _(
        "This file takes too long to read, so nothing in it can be searched. Save it anew as a simpler PDF or split "
        "it, and have the text approved again."
    ),
    Unread.DAMAGED: _(
        "This file is damaged, or not of the type its name says, and readers may not be able to open it either. Open "
        "and save it anew, upload it and have the text approved again."
    ),
    Unread.MISSING: _("This file could not be fetched from the store. Please tell the system administrator."),
}


@dataclass(frozen=True)
class UnsearchableFile:
    """A file of a live item; `what` says why nothing in it is found and what to do."""

    name: str
    what: str | Promise
    title: str
    edit_url: str


@dataclass(frozen=True)
class UnsearchableFiles:
    """The newest ones and how many there are."""

    shown: list[UnsearchableFile]
    total: int


def unsearchable_files_of(page: ContentPage) -> list[UnsearchableFile]:
    """Those of what is published of a page."""
    files = PublishedFile.objects.filter(items__uuid=page.uuid).exclude(unread="").defer("text")
    item = PublishedItem.objects.filter(uuid=page.uuid).select_related("snapshot").first() if files else None
    return list(_notices(item, files)) if item else []


def unsearchable_files_for(user: AbstractBaseUser, now: datetime) -> UnsearchableFiles:
    """Those found lately in items the user may edit, the newest first."""
    editable = PagePermissionPolicy().instances_user_has_permission_for(user, "change")
    found = PublishedItem.files.through.objects.filter(
        publishedfile__in=PublishedFile.objects.exclude(unread="").filter(read_at__gte=now - NEWS_FOR),
        publisheditem__page_id__in=editable.values("pk"),
    )
    newest = found.select_related("publishedfile", "publisheditem__snapshot").order_by("-publishedfile__read_at", "pk")
    shown = [notice for row in newest[:SHOWN] for notice in _notices(row.publisheditem, [row.publishedfile])]
    return UnsearchableFiles(shown, found.count())


def _notices(item: PublishedItem, files: Iterable[PublishedFile]) -> Iterator[UnsearchableFile]:
    """As the files are called where they were approved."""
    attachments = json.loads(item.snapshot.data)["attachments"] if item.snapshot else []
    names = {attachment["sha256"]: attachment["name"] for attachment in attachments}
    edit_url = reverse("wagtailadmin_pages:edit", args=[item.page_id])
    for file in files:
        yield UnsearchableFile(names.get(file.sha256, ""), _WHAT[file.unread], item.title, edit_url)
