"""Puts imported items into the tree as drafts and, when asked, takes them through the real workflow.

Importing the same thing twice adds nothing: what is there already is recognised by its external id, or for documents by
number, issuer and date.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from wagtail.models import Page

from cms.content.models import DocumentPage, NewsPage
from cms.editorial.workflow import approve, submit
from cms.importing.document_lines import ImportedDocument
from cms.importing.news_pages import ImportedNews
from cms.units.models import UnitPage
from contract.numbers import document_key, number_key

_TITLE_LENGTH = 255  # Wagtail's own limit for Page.title


class UnknownNameError(LookupError):
    """A unit or user that does not exist; the message lists what there is."""


@dataclass(frozen=True)
class Intake:
    """Where items go and who brings them: author writes and submits, approver (if any) approves."""

    unit: UnitPage
    author: AbstractBaseUser
    approver: AbstractBaseUser | None = None

    def take_document(self, imported: ImportedDocument) -> DocumentPage | None:
        """Add a document as a draft; None when it is there already."""
        if self._has_document(imported):
            return None
        title, full_title = fitting_title(imported.title)
        page = DocumentPage(
            title=title,
            full_title=full_title,
            summary=imported.summary,
            document_type=imported.type,
            number=imported.number or "",
            issuer=imported.issuer or "",
            signer=imported.signer or "",
            issued_on=imported.issued_on,
            effective_from=imported.effective_from,
            text=imported.text,
            source_name=(urlsplit(imported.source_url).hostname or "") if imported.source_url else "",
            source_url=imported.source_url if imported.source_url and len(imported.source_url) <= 1000 else "",
            external_id=(imported.external_id or "")[:64],
            relations=[
                relation_value(relation.verb.value, relation.number, find_document(relation.number))
                for relation in imported.relations
            ],
        )
        return self.take(page)

    def take_news(self, imported: ImportedNews) -> NewsPage | None:
        """Add a news item as a draft; None when it is there already."""
        external_id = hashlib.sha256(f"{imported.title}\n{imported.body_html}".encode()).hexdigest()
        if NewsPage.objects.filter(external_id=external_id).exists():
            return None
        page = NewsPage(
            title=fitting_title(imported.title)[0],
            summary=imported.lead[:1000],
            body=imported.body_html,
            dated_at=imported.published_on,
            source_name=imported.source_name or "",
            source_url=imported.source_url or "",
            external_id=external_id,
        )
        return self.take(page)

    @transaction.atomic
    def take(self, page: Any) -> Any:
        """Save a page as a draft of the author below the unit; submit and approve it when there is an approver."""
        page.live = False
        page.owner = self.author
        topics = getattr(page, "pending_topics", ())
        page = UnitPage.objects.get(pk=self.unit.pk).add_child(instance=page)
        if topics:
            page.topics.set(topics)
        page.save_revision(user=self.author, log_action=True)
        if self.approver:
            self.take_through(page, self.author, self.approver)
        return page

    @staticmethod
    def take_through(page: Any, author: AbstractBaseUser, approver: AbstractBaseUser) -> None:
        """Submit as the author, approve as the approver."""
        submit(type(page).objects.get(pk=page.pk), author)
        approve(type(page).objects.get(pk=page.pk), approver)

    @staticmethod
    def _has_document(imported: ImportedDocument) -> bool:
        if imported.external_id and DocumentPage.objects.filter(external_id=imported.external_id[:64]).exists():
            return True
        if not imported.number:
            return False
        key = document_key(imported.number, imported.issuer, imported.issued_on)
        same_number = DocumentPage.objects.filter(number_key=number_key(imported.number))
        return any(
            not page.external_id and document_key(page.number, page.issuer, page.issued_on) == key
            for page in same_number
        )


def fitting_title(title: str) -> tuple[str, str]:
    """A title that fits Wagtail's field, and the full one when it had to be cut."""
    if len(title) <= _TITLE_LENGTH:
        return title, ""
    return title[: _TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…", title


def find_document(number: str, issued_on: Any = None) -> Page | None:
    """The document of that number, if there is exactly one."""
    found = DocumentPage.objects.filter(number_key=number_key(number))
    if issued_on:
        found = found.filter(issued_on=issued_on)
    pages = list(found[:2])
    return pages[0] if len(pages) == 1 else None


def relation_value(verb: str, number: str, target: Page | None) -> tuple[str, dict[str, Any]]:
    """A stream entry for a relation."""
    return ("relation", {"verb": verb, "number": number, "target": target, "anchor": ""})


def find_unit(slug: str) -> UnitPage:
    """The unit with that slug. Raises `UnknownNameError` naming those there are."""
    unit = UnitPage.objects.filter(slug=slug).first()
    if unit is None:
        known = ", ".join(UnitPage.objects.order_by("path").values_list("slug", flat=True)[:20]) or "none yet"
        raise UnknownNameError(f"There is no unit {slug!r}. Units: {known}.")
    return unit


def find_user(username: str) -> AbstractBaseUser:
    """The user of that name. Raises `UnknownNameError`."""
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        raise UnknownNameError(f"There is no active user {username!r}. Name one with --author or --approver.")
    return user
