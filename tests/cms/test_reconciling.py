"""The ledger keeps to what was approved, also when things around a page change or a process is killed half way."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone
from wagtail.models import Page, PageViewRestriction

from cms.content.models import Topic
from cms.ledger.models import Change, PublishedItem
from cms.units.models import UnitPage
from tests.cms.factories import Board, document, file_asset, news

pytestmark = pytest.mark.django_db


def published(page: Page) -> dict[str, Any]:
    item = PublishedItem.objects.select_related("snapshot").get(uuid=page.uuid)
    return json.loads(item.snapshot.data)


def with_topic(board: Board, **values: Any) -> tuple[Any, Topic]:
    topic = Topic.objects.create(name="Xây dựng Đảng", slug="xay-dung-dang")
    page = board.write(news(**values))
    page.topics.add(topic)
    page.save_revision(user=board.editor)
    return page, topic


def rename(topic: Topic) -> None:
    topic.name = "Tên không ai duyệt"
    topic.save()


def test_moving_an_item_whose_topic_was_renamed_keeps_the_text_as_approved() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    page, topic = with_topic(board)
    page = board.approve(board.submit(page))
    rename(topic)
    page.move(other.unit, pos="last-child")
    assert published(page)["unit"]["name"] == "Đảng ủy xã Suối Trong"
    assert [topic["name"] for topic in published(page)["topics"]] == ["Xây dựng Đảng"]


def test_lifting_a_restriction_brings_back_what_was_approved_although_a_file_was_replaced_meanwhile() -> None:
    board = Board()
    asset = file_asset(b"ban da duyet")
    page = board.write(news(attachments=[("file", asset)]), approved=True)
    before = published(page)
    restriction = PageViewRestriction.objects.create(page=board.unit, restriction_type=PageViewRestriction.LOGIN)
    asset.file.save("thay.txt", ContentFile(b"ban khong ai duyet"))
    restriction.delete()
    assert published(page) == before
    assert PublishedItem.objects.get(uuid=page.uuid).files.count() == 1


def test_one_scheduled_item_that_changed_does_not_stop_the_others() -> None:
    board = Board()
    soon = timezone.now() + timedelta(hours=1)
    changed, topic = with_topic(board, go_live_at=soon)
    good = board.write(document(go_live_at=soon + timedelta(minutes=1)))
    for page in (changed, good):
        board.approve(board.submit(page))
    rename(topic)
    past = timezone.now() - timedelta(minutes=5)
    for page in (changed, good):
        page.revisions.exclude(approved_go_live_at=None).update(approved_go_live_at=past)
        revision = page.latest_revision
        revision.content["go_live_at"] = past.isoformat()
        revision.save()
    for _ in range(2):
        call_command("run_schedule", "--once")
    assert PublishedItem.objects.filter(uuid=good.uuid).exists()
    assert not PublishedItem.objects.filter(uuid=changed.uuid).exists()


@pytest.mark.parametrize("how", ["expired", "restricted", "moved"])
def test_what_an_interrupted_process_left_on_the_site_is_withdrawn_at_the_next_look(how: str) -> None:
    board, secret = Board(), Board("Đảng ủy xã Núi Ngọc")
    page, stays = board.write(news(), approved=True), board.write(news(), approved=True)
    PageViewRestriction.objects.create(page=secret.unit, restriction_type=PageViewRestriction.LOGIN)
    # As the database stands when the process dies after Wagtail's save and before its signal.
    if how == "expired":
        Page.objects.filter(pk=page.pk).update(live=False, expired=True)
    elif how == "restricted":
        PageViewRestriction.objects.bulk_create(
            [PageViewRestriction(page=page, restriction_type=PageViewRestriction.LOGIN)]
        )
    else:
        path = UnitPage.objects.get(pk=secret.unit.pk).path + "0001"
        Page.objects.filter(pk=page.pk).update(path=path, depth=len(path) // 4)
    call_command("run_schedule", "--once")
    assert Change.objects.get(item_id=page.uuid, is_latest=True).op == "withdraw"
    assert Change.objects.get(item_id=stays.uuid, is_latest=True).op == "publish"
    before = Change.objects.count()
    call_command("run_schedule", "--once")
    assert Change.objects.count() == before
