"""The only writer of the ledger.

`reconcile` compares what the world may see of a page with the last change written for it and appends what is missing.
Every event that may matter (approval, schedule, withdrawal, expiry, move, restriction, deletion) ends here, so calling
it twice, or once too often, does no harm.
"""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone
from wagtail.models import Page, PageViewRestriction

from cms.content.base import ContentPage
from cms.content.published_form import PublishedForm, StoredFile, published_form
from cms.ledger.file_texts import read, texts_of, unread_files
from cms.ledger.models import Approval, Change, LedgerPosition, PublishedFile, PublishedItem, Snapshot
from cms.units.boards import unit_of
from cms.units.models import UnitPage
from contract.canonical import canonical_json
from contract.models import Snapshot as SnapshotModel
from contract.models import utc_text
from contract.numbers import number_key

logger = logging.getLogger(__name__)


class ContentChangedError(Exception):
    """What is live is not what was approved."""


@transaction.atomic
def reconcile(page: Page, reason: str = "") -> Change | None:
    """Bring the ledger up to date with a page; return the change written, or None when there was nothing to say.

    Raises `ContentChangedError` when a page goes live that differs from what its approval covers, which rolls the
    caller's transaction back.
    """
    position = _lock_ledger()
    specific = Page.objects.get(pk=page.pk).specific
    if not isinstance(specific, ContentPage):
        return None
    item = PublishedItem.objects.select_for_update().filter(uuid=specific.uuid).first()
    if not is_visible(specific):
        if item and item.is_live and not specific.live:
            revoke_approvals(specific)
        return _withdraw(position, item, reason) if item and item.is_live else None
    approval = Approval.objects.filter(revision_id=specific.live_revision_id, revoked_at=None).first()
    if approval is None:
        logger.warning("page %s is live without an approval: the ledger keeps what was approved before", specific.pk)
        return None
    form = published_form(specific)
    if form.sha256 == approval.content_sha256:
        first_published = item.published_at if item else approval.approved_at
        model = build_snapshot(specific, form, first_published, approval.approved_at, approval.revision_id)
        for stored in form.files:
            _keep_file(stored)
        content_sha256 = form.sha256
    else:
        model, content_sha256 = _as_approved(specific, approval)
    if item and item.snapshot_id and item.snapshot.sha256 == model.sha256:
        return None
    return _publish(position, item, specific, model, content_sha256, approval)


@transaction.atomic
def reconcile_below(page: Page) -> None:
    """`reconcile` a page and everything below it, as after a move or a restriction."""
    # Before looking what is there: a page that is moved here meanwhile waits and then sees the restriction, or is seen.
    _lock_ledger()
    # `get_descendants` reads the path, which a move has just changed in the database only.
    page = Page.objects.get(pk=page.pk)
    for affected in Page.objects.descendant_of(page, inclusive=True).order_by("path"):
        reconcile(affected)


def revoke_approvals(page: ContentPage) -> None:
    """End the approvals of a page that was withdrawn or has expired: nobody brings it back with one click.

    A restriction does not: lifting it brings back what was approved.
    """
    Approval.objects.filter(item_uuid=page.uuid, revoked_at=None).update(revoked_at=timezone.now())


def withdraw_leftovers() -> int:
    """Withdraw what is on the site although nobody may see its page any more; return how many items that were.

    Wagtail saves an expired, moved or restricted page first and tells us afterwards, not in one transaction. A process
    that is killed in between leaves such an item, and nothing would ever look at it again.
    """
    shown = PublishedItem.objects.filter(snapshot__isnull=False)
    pages = Page.objects.in_bulk(shown.values_list("page_id", flat=True))
    restricted = PageViewRestriction.objects.exclude(restriction_type=PageViewRestriction.NONE)
    roots = tuple(restricted.values_list("page__path", flat=True))
    changes = []
    for item in shown:
        page = pages.get(item.page_id)
        if page is None:
            changes.append(withdraw_deleted(item.uuid, "deleted"))
        elif not page.live or page.expired or page.path.startswith(roots):
            changes.append(reconcile(page))
    return sum(change is not None for change in changes)


def publish_texts(seconds: float) -> None:
    """Read new files for about so long, and tell of their text as changes of the items that have them."""
    deadline = time.monotonic() + seconds
    for file in unread_files():
        if time.monotonic() > deadline:
            return
        read(file)
        # A file counts as read only once its items say so.
        with transaction.atomic():
            file.save(update_fields=["text", "unread", "unread_detail", "read_at"])
            for page in Page.objects.filter(pk__in=file.items.values_list("page_id", flat=True)):
                reconcile(page)


@transaction.atomic
def withdraw_deleted(item_uuid: Any, reason: str) -> Change | None:
    """Withdraw an item whose page is being deleted."""
    position = _lock_ledger()
    item = PublishedItem.objects.select_for_update().filter(uuid=item_uuid).first()
    return _withdraw(position, item, reason) if item and item.is_live else None


def _lock_ledger() -> LedgerPosition:
    return LedgerPosition.objects.select_for_update().get_or_create(pk=1)[0]


def is_visible(page: Page) -> bool:
    """Whether the public may see the page at all: live, not expired, and not restricted here or anywhere above."""
    if not page.live or page.expired:
        return False
    restricted = PageViewRestriction.objects.filter(
        page_id__in=page.get_ancestors(inclusive=True).values_list("pk", flat=True)
    )
    return not restricted.exclude(restriction_type=PageViewRestriction.NONE).exists()


def build_snapshot(
    page: ContentPage, form: PublishedForm, first_published: datetime, approved_at: datetime, revision: int
) -> SnapshotModel:
    """The snapshot of a page: its approved form, where it stands, when, and what can be read in its files."""
    content = dict(form.content)
    dated_at = content.pop("dated_at", None)
    texts = texts_of(attachment["sha256"] for attachment in content["attachments"])
    content["attachments"] = [a | {"text": texts.get(a["sha256"], "")} for a in content["attachments"]]
    return SnapshotModel.model_validate(
        {
            **content,
            "id": page.uuid,
            "audience": "public",
            "unit": _unit_of(page),
            "published_at": dated_at or utc_text(first_published),
            "updated_at": utc_text(approved_at),
            "revision": revision,
        }
    )


def _unit_of(page: ContentPage) -> dict[str, Any]:
    unit = unit_of(page)
    if unit is None:
        raise ValueError(f"page {page.pk} stands below no unit")
    ancestors = UnitPage.objects.ancestor_of(unit).order_by("depth").values_list("uuid", flat=True)
    return {"id": unit.uuid, "name": unit_name(unit, page), "level": unit.level, "ancestors": list(ancestors)}


def unit_name(unit: UnitPage, page: ContentPage) -> str:
    """The name a page's unit goes out under: as it was approved last, if it ever was.

    The row of a unit that is not live changes with every saved draft, and a superuser can publish one past its board.
    """
    if unit.pk == page.pk:
        return page.title
    approved = Snapshot.objects.filter(item_id=unit.uuid).order_by("-pk").first()
    return json.loads(approved.data)["title"] if approved else unit.title


def _as_approved(page: ContentPage, approval: Approval) -> tuple[SnapshotModel, str]:
    """What was published under this approval before, where the page stands now, and the hash of its content.

    A topic that was renamed, a file that was replaced or a document it relates to has changed what the page would give
    today. Nobody approved that, so a move or the end of a restriction brings back what was approved.
    """
    before = Snapshot.objects.filter(approval=approval).order_by("-pk").first()
    if before is None:
        raise ContentChangedError(f"page {page.pk}: the live text is not the approved one")
    return SnapshotModel.model_validate({**json.loads(before.data), "unit": _unit_of(page)}), before.content_sha256


def _publish(
    position: LedgerPosition,
    item: PublishedItem | None,
    page: ContentPage,
    model: SnapshotModel,
    content_sha256: str,
    approval: Approval,
) -> Change:
    facts = model.document
    columns = {
        "page_id": page.pk,
        "path": model.path,
        "kind": model.kind.value,
        "audience": model.audience.value,
        "title": model.title,
        "unit_uuid": model.unit.id,
        "document_type": facts.type if facts else "",
        "number": (facts.number if facts else "") or "",
        "number_key": number_key((facts.number if facts else "") or ""),
        "issuer": (facts.issuer if facts else "") or "",
        "issued_on": facts.issued_on if facts else None,
    }
    if item is None:
        item = PublishedItem.objects.create(uuid=page.uuid, published_at=approval.approved_at, **columns)
    snapshot = Snapshot.objects.create(
        item=item,
        approval=approval,
        sha256=model.sha256,
        content_sha256=content_sha256,
        approved_sha256=approval.content_sha256,
        data=canonical_json(model.to_json()).decode(),
    )
    for name, value in columns.items():
        setattr(item, name, value)
    item.snapshot = snapshot
    item.save()
    renditions = model.image.renditions if model.image else ()
    item.files.set(file.sha256 for file in (*model.attachments, *renditions))
    return _append(position, Change.Op.PUBLISH, item, snapshot, "")


def _withdraw(position: LedgerPosition, item: PublishedItem, reason: str) -> Change:
    item.snapshot = None
    item.save(update_fields=["snapshot"])
    item.files.clear()
    return _append(position, Change.Op.WITHDRAW, item, None, reason)


def _append(
    position: LedgerPosition, op: Change.Op, item: PublishedItem, snapshot: Snapshot | None, reason: str
) -> Change:
    position.last_seq += 1
    position.save(update_fields=["last_seq"])
    item.changes.filter(is_latest=True).update(is_latest=False)
    return Change.objects.create(
        seq=position.last_seq, op=op, item=item, at=timezone.now(), snapshot=snapshot, reason=reason[:300]
    )


def _keep_file(stored: StoredFile) -> None:
    """Copy the bytes into the published storage, once for each content."""
    record, created = PublishedFile.objects.get_or_create(
        sha256=stored.sha256, defaults={"media_type": stored.media_type, "size": stored.size}
    )
    storage = storages["published"]
    if created or not storage.exists(record.storage_name):
        with stored.file.storage.open(stored.file.name, "rb") as stream:
            storage.save(record.storage_name, File(stream))


def change_line(change: Change) -> bytes:
    """A change as a line of the feed, without the line break."""
    head = {
        "seq": change.seq,
        "op": change.op,
        "id": str(change.item_id),
        # Finer than the times inside snapshots: the publisher measures from here how soon readers see an approval.
        "at": change.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sha256": change.snapshot.sha256 if change.snapshot else None,
    }
    if change.snapshot is None:
        head |= {"snapshot": None, "path": change.item.path}
        return json.dumps(head, ensure_ascii=False).encode()
    # The stored bytes go out as they are: what was hashed is what travels.
    return json.dumps(head, ensure_ascii=False).encode()[:-1] + b', "snapshot": ' + change.snapshot.data.encode() + b"}"
