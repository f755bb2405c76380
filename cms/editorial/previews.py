"""Preview tokens: signed, 15 minutes, bound to one user, one session and one revision.

wagtail-headless-preview 0.9 keeps the draft and opens the frame; its own token has no maximum age and is bound to
nothing, so ours takes its place.
"""

import secrets
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone
from wagtail.models import Page
from wagtail_headless_preview.models import PagePreview

from cms.content.base import ContentPage
from cms.editorial.models import BoardTaskState, PreviewGrant

_SALT = "editorial.preview"


def preview_url(page: ContentPage, request: HttpRequest) -> str:
    """Address at which the publisher's renderer shows this draft to this user."""
    _forget_old()
    revision_id = page.latest_revision_id
    preview = PagePreview.objects.create(
        token=secrets.token_urlsafe(32),  # unique in the library's table; ours is the signed one below
        content_type=page.cached_content_type,
        content_json=page.to_json(),
    )
    grant = PreviewGrant.objects.create(
        preview=preview,
        user=request.user,
        session_key=request.session.session_key,
        page_id=page.pk,
        parent_id=None if page.pk else page.get_parent().pk,
        revision_id=revision_id,
    )
    return f"{settings.PREVIEW_URL}?{urlencode({'token': signing.dumps(grant.pk, salt=_SALT)})}"


def redeem(token: str) -> ContentPage | None:
    """The draft a token stands for, or None when anything at all is wrong with it."""
    try:
        grant_id = signing.loads(token, salt=_SALT, max_age=settings.PREVIEW_SECONDS)
    except signing.BadSignature:
        return None
    grant = PreviewGrant.objects.select_related("user", "preview").filter(pk=grant_id).first()
    if grant is None or not _is_logged_in(grant) or not _may_see(grant):
        return None
    return grant.preview.as_page()


def _is_logged_in(grant: PreviewGrant) -> bool:
    if not grant.user.is_active or not grant.session_key:
        return False
    session = import_module(settings.SESSION_ENGINE).SessionStore(grant.session_key)
    return session.get(SESSION_KEY) == str(grant.user_id)


def _may_see(grant: PreviewGrant) -> bool:
    if grant.page_id is None:
        parent = Page.objects.filter(pk=grant.parent_id).first()
        return parent is not None and parent.permissions_for_user(grant.user).can_add_subpage()
    page = Page.objects.filter(pk=grant.page_id).first()
    if page is None or page.latest_revision_id != grant.revision_id:
        return False
    return page.permissions_for_user(grant.user).can_edit() or _waits_for(page, grant.user)


def _waits_for(page: Page, user: Any) -> bool:
    state = page.current_workflow_task_state
    return isinstance(state, BoardTaskState) and bool(state.task.specific.get_actions(page, user))


def _forget_old() -> None:
    limit = timezone.now() - timedelta(seconds=settings.PREVIEW_SECONDS)
    PagePreview.objects.filter(pk__in=PreviewGrant.objects.filter(created_at__lt=limit).values("preview_id")).delete()
