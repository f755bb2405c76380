"""Brings items of the corpus into the CMS as pages with revisions and, when wanted, an approval and a ledger entry.

Needs a Django that is set up, so it is imported only then.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from cms.content.models import DocumentPage, GuidancePage, NewsPage
from cms.content.published_form import published_form
from cms.editorial.workflow import submit
from cms.importing.intake import find_unit, find_user
from cms.ledger.models import Approval
from cms.ledger.recording import reconcile
from cms.units.models import UnitPage
from contract.html import plain_text
from tools.real_check import Item


class Newcomers:
    """Writes pages below one unit as its editor, and approves as its approver."""

    def __init__(self, unit: str) -> None:
        self._unit = find_unit(unit)
        self._author = find_user("bientap")
        self._approver = find_user("pheduyet")

    def add_draft(self, snapshot: dict[str, Any]) -> Any:
        """A page with one revision."""
        page = _page(snapshot)
        page.live = False
        page.owner = self._author
        page = UnitPage.objects.get(pk=self._unit.pk).add_child(instance=page)
        page.save_revision(user=self._author)
        return page

    def add_approved(self, snapshot: dict[str, Any]) -> None:
        """A page that is live with an approval, and its change in the ledger, written by the ledger itself.

        What a review page does besides (states of the workflow, notices, the log of the admin) is left out.
        """
        page = self.add_draft(snapshot)
        Approval.objects.create(
            item_uuid=page.uuid,
            revision_id=page.latest_revision_id,
            content_sha256=published_form(page).sha256,
            author_ids=[self._author.pk],
            approved_by=self._approver,
            approved_at=timezone.now(),
        )
        page.live, page.has_unpublished_changes = True, False
        page.live_revision_id = page.latest_revision_id
        page.save(update_fields=["live", "has_unpublished_changes", "live_revision"], clean=False)
        if reconcile(page) is None:
            raise RuntimeError(f"{page.address} did not reach the ledger")

    def hand_in(self, page: Any) -> Item:
        """Submit a draft; what a review needs to know of it."""
        submit(page, self._author)
        page = type(page).objects.get(pk=page.pk)
        return Item(str(page.uuid), page.title, page.number, page.address, page.current_workflow_task_state.pk)


def _page(snapshot: dict[str, Any]) -> Any:
    common = {"title": snapshot["title"], "summary": snapshot["summary"]}
    if snapshot["kind"] == "news":
        return NewsPage(**common, body=snapshot["body"], dated_at=datetime.fromisoformat(snapshot["published_at"]))
    if snapshot["kind"] == "guidance":
        return GuidancePage(**common, body=snapshot["body"])
    facts = snapshot["document"]
    return DocumentPage(
        **common,
        document_type=facts["type"],
        number=facts["number"],
        issuer=facts["issuer"],
        issued_on=date.fromisoformat(facts["issued_on"]),
        text="\n".join([plain_text(snapshot["body"]), *_lines(snapshot["provisions"])]),
    )


def _lines(provisions: list[dict[str, Any]]) -> Iterator[str]:
    """Provisions as they stand in a text that is pasted."""
    for provision in provisions:
        label = provision["label"].removeprefix("Khoản ")
        yield f"{label}. {provision['heading'] or plain_text(provision['body'])}"
        if provision["heading"] and provision["body"]:
            yield plain_text(provision["body"])
