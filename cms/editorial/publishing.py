"""What the dashboard says of the reading site: is everything approved on it, and if not, why, and what to do.

The publisher says what fails in the words of `publisher.watching.FailureKind`, and where an item was set aside in those
of `publisher.replica.Stage`. Its own messages are English and for those who run the system: only superusers see them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import Page
from wagtail.permission_policies.pages import PagePermissionPolicy

from cms.ledger.models import Change, PublishedItem, PublisherState

# The publisher says something every minute, also when there is nothing to do.
SILENCE = timedelta(minutes=5)

_TELL = gettext_lazy("Please tell the system administrator.")
_PATIENCE = gettext_lazy(
    "It tries again by itself; if this lasts more than ten minutes, tell the system administrator."
)
_FAILURES: dict[str, tuple[str | Promise, str | Promise]] = {
    "feed": (gettext_lazy("The publisher cannot fetch the approved texts from this system."), _PATIENCE),
    "refused": (gettext_lazy("This system refuses the publisher's token, so it gets no approved texts."), _TELL),
    "other_ledger": (
        gettext_lazy("This system's data was set back to an older state, and the publisher waits for a decision."),
        _TELL,
    ),
    "disk_full": (gettext_lazy("The disk of the reading site is full."), _TELL),
    "storage": (gettext_lazy("The disk of the reading site cannot be written."), _TELL),
    "locked": (gettext_lazy("Another publisher is working on the reading site."), _PATIENCE),
    "build": (gettext_lazy("The new pages could not be made."), _TELL),
}
_UNKNOWN_FAILURE = (gettext_lazy("The publisher reports a failure."), _TELL)

_SET_ASIDE: dict[str, str | Promise] = {
    "line": gettext_lazy("The publisher cannot read its data. Please tell the system administrator."),
    "path": gettext_lazy(
        "Its address belongs to another item on the site. Withdraw or move that one; the publisher then tries again."
    ),
    "files": gettext_lazy(
        "An attachment or picture could not be fetched. The publisher tries again; if that does not help, "
        "upload the file anew and have the text approved again."
    ),
    "render": gettext_lazy(
        "No page could be made from this text. Correct the text and have it approved again; if that does not help, "
        "tell the system administrator."
    ),
}
_UNKNOWN_STAGE = gettext_lazy("It could not be put on the site. Please tell the system administrator.")


@dataclass(frozen=True)
class FailureNotice:
    """What fails, since when, what to do; `detail` is the publisher's own message."""

    what: str
    remedy: str
    since: datetime | None
    detail: str


@dataclass(frozen=True)
class SetAsideNotice:
    """One item that could not go live. Without `title` it is known by its number in the ledger only."""

    seq: int | None
    what: str
    detail: str
    title: str = ""
    edit_url: str = ""


@dataclass(frozen=True)
class Publishing:
    """What one person may know of the state of publishing."""

    state: PublisherState
    silent: bool
    waiting: int
    delay: str
    failure: FailureNotice | None
    set_aside: list[SetAsideNotice]
    not_listed: int

    @property
    def all_is_live(self) -> bool:
        return not (self.silent or self.waiting or self.failure or self.state.set_aside)


def publishing_for(user: AbstractBaseUser, now: datetime) -> Publishing | None:
    """The state as `user` may see it; None while the publisher has never reported."""
    state = PublisherState.objects.first()
    if state is None:
        return None
    shown = _set_aside(state, user)
    return Publishing(
        state=state,
        silent=now - state.received_at > SILENCE,
        waiting=Change.objects.filter(seq__gt=state.seq, is_latest=True).count(),
        delay="" if state.delay is None else duration(state.delay),
        failure=_failure(state, user),
        set_aside=shown,
        not_listed=max(state.set_aside_total, len(state.set_aside)) - len(shown),
    )


def duration(seconds: float) -> str:
    """A length of time in words: tenths below ten seconds, then the two largest units."""
    if seconds < 9.95:
        return _("%(n)s seconds") % {"n": number_format(seconds, 1)}
    whole = round(seconds)
    if whole < 60:
        return _("%(n)s seconds") % {"n": whole}
    if whole < 3600:
        return _("%(m)s minutes %(s)s seconds") % {"m": whole // 60, "s": whole % 60}
    if whole < 86_400:
        return _("%(h)s hours %(m)s minutes") % {"h": whole // 3600, "m": whole % 3600 // 60}
    return _("%(d)s days %(h)s hours") % {"d": number_format(whole // 86_400), "h": whole % 86_400 // 3600}


def _failure(state: PublisherState, user: AbstractBaseUser) -> FailureNotice | None:
    if state.failure is None:
        return None
    what, remedy = _FAILURES.get(state.failure["kind"], _UNKNOWN_FAILURE)
    detail = state.failure["message"] if user.is_superuser else ""
    return FailureNotice(str(what), str(remedy), parse_datetime(state.failure["since"]), detail)


def _set_aside(state: PublisherState, user: AbstractBaseUser) -> list[SetAsideNotice]:
    """What is the user's own business: items they may edit, and what belongs to no page at all.

    Asks the same four questions of the database however many there are.
    """
    ids = [entry["id"] for entry in state.set_aside if _is_uuid(entry.get("id"))]
    items = {str(item.uuid): item for item in PublishedItem.objects.filter(uuid__in=ids)}
    pages = {item.page_id for item in items.values()}
    existing = set(Page.objects.filter(pk__in=pages).values_list("pk", flat=True))
    editable = PagePermissionPolicy().instances_user_has_permission_for(user, "change").filter(pk__in=existing)
    mine = set(editable.values_list("pk", flat=True))
    notices = []
    for entry in state.set_aside:
        item = items.get(str(entry.get("id")).lower())
        if item is None or item.page_id not in existing:
            notices.append(_notice(entry, user))
        elif item.page_id in mine:
            notices.append(_notice(entry, user, item))
    return notices


def _notice(entry: dict[str, Any], user: AbstractBaseUser, item: PublishedItem | None = None) -> SetAsideNotice:
    return SetAsideNotice(
        seq=entry.get("seq"),
        what=str(_SET_ASIDE.get(entry.get("stage", ""), _UNKNOWN_STAGE)),
        detail=entry["reason"] if user.is_superuser else "",
        title=item.title if item else "",
        edit_url=reverse("wagtailadmin_pages:edit", args=[item.page_id]) if item else "",
    )


def _is_uuid(value: str | None) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
