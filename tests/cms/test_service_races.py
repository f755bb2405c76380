"""Several services hand over and several workers mail at the same moment, on a real PostgreSQL (see test_races.py)."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection, connections
from django.utils import timezone

from cms.alerts import mailing
from cms.alerts.mailing import send_confirmations, send_digests
from cms.alerts.models import Alert, Subscriber
from cms.alerts.news import Found, NewItem, News
from cms.alerts.subscriptions import MOST_ALERTS, ask
from cms.searching.counts import add
from cms.searching.models import DailyQuery, SearchDay
from tests.postgres import PostgresMissingError, postgres

ON_POSTGRESQL = connection.vendor == "postgresql"
WORDS = [f"câu hỏi {number}" for number in range(20)]

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
on_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="runs in the PostgreSQL the first test starts")


@pytest.mark.skipif(ON_POSTGRESQL, reason="the races below run here directly")
def test_the_races_of_this_file_end_well_on_a_real_postgresql() -> None:
    try:
        with postgres() as url:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", __file__, "--ds=cms.settings.test", "-q", "-p", "no:cacheprovider"],
                cwd=settings.ROOT,
                env={**os.environ, "DATABASE_URL": url},
                capture_output=True,
                text=True,
                check=False,
            )
    except PostgresMissingError as error:
        pytest.skip(str(error))
    assert done.returncode == 0, done.stdout[-8000:]
    assert "passed" in done.stdout


def at_once(action: Callable[[int], Any], times: int = 12) -> list[Any]:
    """Call the action with 0, 1, … in threads of their own, released together; raise their errors."""
    gate = threading.Barrier(times)

    def run(number: int) -> Any:
        try:
            gate.wait(30)
            return action(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def day(words: list[str]) -> dict[str, Any]:
    queries = [{"words": each, "searches": 1, "without_result": 0} for each in words]
    return {"day": timezone.localdate(), "searches": 20, "without_result": 0, "queries": queries, "clicks": []}


@on_postgresql
def test_one_batch_that_comes_many_times_at_once_is_added_once() -> None:
    batch = uuid4()
    assert sorted(at_once(lambda _: add(batch, [day(WORDS)]))) == [False] * 11 + [True]
    assert SearchDay.objects.get().searches == 20


@on_postgresql
def test_batches_of_many_services_add_up_whatever_their_order() -> None:
    at_once(lambda number: add(uuid4(), [day(WORDS if number % 2 else WORDS[::-1])]))
    assert SearchDay.objects.get().searches == 12 * 20
    assert set(DailyQuery.objects.values_list("searches", flat=True)) == {12}


@on_postgresql
def test_many_wishes_for_one_address_find_room_for_ten() -> None:
    at_once(lambda number: ask("dang.vien@example.org", {"q": f"tìm {number}"}), MOST_ALERTS + 6)
    assert Subscriber.objects.count() == 1
    assert Alert.objects.count() == MOST_ALERTS


@on_postgresql
def test_workers_side_by_side_send_each_mail_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(15):
        ask(f"nguoi{number}@example.org", {"q": "đảng phí"})
    at_once(lambda _: send_confirmations(timezone.now()), 4)
    everybody = sorted(f"nguoi{number}@example.org" for number in range(15))
    assert sorted(message.to[0] for message in mail.outbox) == everybody
    mail.outbox.clear()
    Alert.objects.update(confirmed_at=timezone.now())
    monkeypatch.setattr(mailing, "ask_for_news", _something_new)
    at_once(lambda _: send_digests(timezone.now()), 4)
    assert sorted(message.to[0] for message in mail.outbox) == everybody


def _something_new(alerts: list[Alert]) -> News:
    item = NewItem(url="/van-ban/x/", title="Văn bản mới", number=None, type_name=None, issued_on=None)
    found: dict[UUID, Found] = {alert.uuid: Found(id=alert.uuid, total=1, items=[item]) for alert in alerts}
    return News(timezone.now(), found)
