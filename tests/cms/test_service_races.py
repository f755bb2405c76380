"""Several services hand over and several workers mail at the same moment, on a real PostgreSQL (see racing.py)."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.utils import timezone

from cms.alerts import mailing
from cms.alerts.mailing import send_confirmations, send_digests
from cms.alerts.models import Alert, Subscriber
from cms.alerts.news import Found, NewItem, News
from cms.alerts.subscriptions import MOST_ALERTS, ask
from cms.searching.counts import add
from cms.searching.models import DailyQuery, SearchDay
from tests.cms.racing import assert_races_end_well, at_once, first_test, racing_test

SERVICES = 12
WORDS = [f"câu hỏi {number}" for number in range(20)]

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@first_test
def test_the_races_of_this_file_end_well_on_a_real_postgresql() -> None:
    assert_races_end_well(__file__)


def day(words: list[str]) -> dict[str, Any]:
    queries = [{"words": each, "searches": 1, "without_result": 0} for each in words]
    return {"day": timezone.localdate(), "searches": 20, "without_result": 0, "queries": queries, "clicks": []}


@racing_test
def test_one_batch_that_comes_many_times_at_once_is_added_once() -> None:
    batch = uuid4()
    assert sorted(at_once(*[lambda: add(batch, [day(WORDS)])] * SERVICES)) == [False] * (SERVICES - 1) + [True]
    assert SearchDay.objects.get().searches == 20


@racing_test
def test_batches_of_many_services_add_up_whatever_their_order() -> None:
    at_once(*(partial(add, uuid4(), [day(words)]) for words in (WORDS, WORDS[::-1]) for _ in range(SERVICES // 2)))
    assert SearchDay.objects.get().searches == SERVICES * 20
    assert set(DailyQuery.objects.values_list("searches", flat=True)) == {SERVICES}


@racing_test
def test_many_wishes_for_one_address_find_room_for_ten() -> None:
    searches = [{"q": f"tìm {number}"} for number in range(MOST_ALERTS + 6)]
    at_once(*(partial(ask, "dang.vien@example.org", search) for search in searches))
    assert Subscriber.objects.count() == 1
    assert Alert.objects.count() == MOST_ALERTS


@racing_test
def test_workers_side_by_side_send_each_mail_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(15):
        ask(f"nguoi{number}@example.org", {"q": "đảng phí"})
    at_once(*[lambda: send_confirmations(timezone.now())] * 4)
    everybody = sorted(f"nguoi{number}@example.org" for number in range(15))
    assert sorted(message.to[0] for message in mail.outbox) == everybody
    mail.outbox.clear()
    Alert.objects.update(confirmed_at=timezone.now())
    monkeypatch.setattr(mailing, "ask_for_news", _something_new)
    at_once(*[lambda: send_digests(timezone.now())] * 4)
    assert sorted(message.to[0] for message in mail.outbox) == everybody


def _something_new(alerts: list[Alert]) -> News:
    item = NewItem(url="/van-ban/x/", title="Văn bản mới", number=None, type_name=None, issued_on=None)
    found: dict[UUID, Found] = {alert.uuid: Found(id=alert.uuid, total=1, items=[item]) for alert in alerts}
    return News(timezone.now(), found)
