"""The append-only ledger: what was approved, as it was approved, in commit order."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contract.vocabulary import Audience, Kind


class LedgerPosition(models.Model):
    """One row: the last `seq` given out.

    Taken from a row updated inside the transaction and not from an autoincrement id, which on PostgreSQL is not in
    commit order: a reader with a cursor would skip rows that commit late.
    """

    last_seq = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_ledger_position")]

    def __str__(self) -> str:
        return str(self.last_seq)


class Approval(models.Model):
    """Evidence that one person approved exactly this content, written by none of those they approve.

    Kept when pages, revisions and users go, hence plain ids beside the foreign key.
    """

    item_uuid = models.UUIDField(db_index=True)
    revision_id = models.PositiveBigIntegerField(unique=True)
    content_sha256 = models.CharField(max_length=64)
    author_ids = models.JSONField(default=list)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    comment = models.TextField(blank=True)
    revoked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("withdrawn or expired since: what is to go out again needs a new approval")
    )

    def __str__(self) -> str:
        return f"{self.item_uuid} r{self.revision_id}"


class PublishedItem(models.Model):
    """One row for each item that was ever published. The address stays taken when the item is withdrawn.

    The columns below `snapshot` repeat it for the content API's filters.
    """

    uuid = models.UUIDField(primary_key=True)
    page_id = models.PositiveBigIntegerField(unique=True)
    path = models.CharField(max_length=255, unique=True)
    published_at = models.DateTimeField()
    snapshot = models.ForeignKey(
        "Snapshot", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text=_("empty: withdrawn")
    )
    files = models.ManyToManyField("PublishedFile", related_name="items")  # those of `snapshot`; none when withdrawn
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in Kind], db_index=True)
    audience = models.CharField(max_length=10, choices=[(value.value, value.value) for value in Audience])
    title = models.CharField(max_length=1000)
    unit_uuid = models.UUIDField(db_index=True)
    document_type = models.CharField(max_length=30, blank=True)
    number = models.CharField(max_length=80, blank=True)
    number_key = models.CharField(max_length=80, blank=True, db_index=True)
    issuer = models.CharField(max_length=300, blank=True)
    issued_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.path

    @property
    def is_live(self) -> bool:
        return self.snapshot_id is not None


class Snapshot(models.Model):
    """The complete published form of one item. `data` is its canonical JSON, `sha256` the hash of those bytes."""

    item = models.ForeignKey(PublishedItem, on_delete=models.PROTECT, related_name="snapshots")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="snapshots")
    sha256 = models.CharField(max_length=64)
    content_sha256 = models.CharField(max_length=64)
    approved_sha256 = models.CharField(max_length=64)
    data = models.TextField()

    class Meta:
        constraints = [
            # The database itself refuses a text other than the approved one.
            models.CheckConstraint(
                condition=Q(content_sha256=F("approved_sha256")), name="published_is_what_was_approved"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.sha256[:8]}"


class Change(models.Model):
    """One line of the feed. `is_latest` marks those that no later change of the same item supersedes."""

    class Op(models.TextChoices):
        PUBLISH = "publish", _("publish")
        WITHDRAW = "withdraw", _("withdraw")

    seq = models.PositiveBigIntegerField(primary_key=True)
    op = models.CharField(max_length=8, choices=Op.choices)
    item = models.ForeignKey(PublishedItem, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    snapshot = models.ForeignKey(Snapshot, null=True, blank=True, on_delete=models.PROTECT, related_name="changes")
    is_latest = models.BooleanField(default=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(is_latest=True), name="one_latest_change_an_item"),
            models.CheckConstraint(
                condition=Q(op="publish", snapshot__isnull=False) | Q(op="withdraw", snapshot__isnull=True),
                name="only_a_publication_has_a_snapshot",
            ),
        ]
        indexes = [models.Index(fields=["is_latest", "seq"])]

    def __str__(self) -> str:
        return f"{self.seq} {self.op} {self.item_id}"


class Unread(models.TextChoices):
    """Why nothing can be read in a file; `cms.editorial.unsearchable` tells editors what to do."""

    LOCKED = "locked", "it opens with a password only"
    NO_TEXT = "no_text", "it holds no text, perhaps pictures of text"
    TOO_LARGE = "too_large", "it has too many bytes"
    TOO_MUCH = "too_much", "its reader ran out of time or memory"
    DAMAGED = "damaged", "it is damaged, or not what its name says"
    MISSING = "missing", "its bytes could not be had"


class PublishedFile(models.Model):
    """The bytes of an attachment or picture, by content. The publisher gets them while a live item has them."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    # What can be read in it, when that was tried, and why there is none (`cms.ledger.file_texts`).
    text = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    unread = models.CharField(max_length=10, blank=True, choices=Unread.choices)
    unread_detail = models.CharField(max_length=200, blank=True, help_text="in the words of the reader")

    def __str__(self) -> str:
        return self.sha256

    @property
    def storage_name(self) -> str:
        return f"{self.sha256[:2]}/{self.sha256}"


class PublisherState(models.Model):
    """One row: what the publisher last said of itself. Empty is what it has not said yet."""

    release = models.CharField(max_length=60, blank=True)
    seq = models.PositiveBigIntegerField(default=0, help_text="position: the last change it has dealt with")
    head = models.PositiveBigIntegerField(null=True, blank=True, help_text="last seq of the feed as it saw it")
    built_at = models.DateTimeField(null=True, blank=True, help_text="when readers saw the release first")
    seconds = models.FloatField(default=0, help_text="time the step took")
    delay = models.FloatField(null=True, blank=True, help_text="seconds from the last approval to the reading site")
    pages_written = models.PositiveIntegerField(default=0, help_text="pages made anew for the release, not all it has")
    pages_removed = models.PositiveIntegerField(default=0)
    items = models.PositiveIntegerField(null=True, blank=True, help_text="items on the site")
    hidden = models.PositiveIntegerField(null=True, blank=True, help_text="items for members only")
    withdrawn = models.PositiveIntegerField(null=True, blank=True, help_text="items withdrawn")
    set_aside = models.JSONField(default=list)
    set_aside_total = models.PositiveIntegerField(default=0, help_text="how many there are; `set_aside` may hold fewer")
    failure = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    received_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_publisher_state")]

    def __str__(self) -> str:
        return f"{self.release} ({self.seq})"
