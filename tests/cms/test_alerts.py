"""Readers are mailed what is new for their searches: who confirmed, once a day; nobody else's mailbox is filled."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from smtplib import SMTPConnectError, SMTPRecipientsRefused
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from cms.alerts import mailing, subscriptions
from cms.alerts.mailing import send_confirmations, send_digests
from cms.alerts.models import Alert, Subscriber
from cms.alerts.news import NewsError
from cms.alerts.subscriptions import MOST_ALERTS, forget
from tests.recording_server import Received, RecordingServer

pytestmark = pytest.mark.django_db

ADDRESS = "dang.vien@example.org"
SEARCH = {"q": "chuyển sinh hoạt đảng"}
PUBLISHED = datetime(2030, 1, 5, 2, 0, tzinfo=UTC)


@pytest.fixture
def service(search_service: Client) -> Client:
    return search_service


def ask(service: Client, address: str = ADDRESS, status: int = 202, **parameters: str) -> Any:
    body = {"address": address, "parameters": parameters or SEARCH}
    response = service.post("/api/v1/alerts/", body, content_type="application/json")
    assert response.status_code == status, response.content
    return response


def post(service: Client, what: str, token: str) -> Any:
    return service.post(f"/api/v1/alerts/{what}/", {"token": token}, content_type="application/json")


def token(message: Any, path: str = "xac-nhan") -> str:
    """What the site is sent when the link is opened."""
    found = re.search(rf"/tim-kiem/theo-doi/{path}/\?(ma=\S+)", message.body)
    assert found, message.body
    return parse_qs(found[1])["ma"][0]


def subscribed(service: Client, address: str = ADDRESS, **parameters: str) -> Alert:
    """An alert that was asked for and confirmed."""
    ask(service, address, **parameters)
    send_confirmations(timezone.now())
    assert post(service, "confirmations", token(mail.outbox.pop())).status_code == 200
    return Alert.objects.filter(subscriber__address=address).latest("created_at")


class SearchService(RecordingServer):
    """Answers every search with `items`, all published at `PUBLISHED`."""

    items: list[dict[str, Any]]

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [search for request in self.received for search in request.content["searches"]]

    def answer(self, request: Received) -> bytes:
        answers = [self._answer(search) for search in request.content["searches"]]
        return json.dumps({"until": PUBLISHED.isoformat(), "answers": answers}).encode()

    def _answer(self, search: dict[str, Any]) -> dict[str, Any]:
        items = self.items if datetime.fromisoformat(search["since"]) < PUBLISHED else []
        return {"id": search["id"], "total": len(items), "items": items[:10]}


@pytest.fixture
def search(settings: Any) -> Iterator[SearchService]:
    server = SearchService()
    server.items = [
        {"url": "/van-ban/x/", "title": "Về chuyển sinh hoạt", "number": "5-HD/TW", "type_name": "Hướng dẫn",
         "issued_on": "2029-12-31"}
    ]  # fmt: skip
    settings.SEARCH_URL = server.origin
    with server.running():
        yield server


# Asking and confirming


def test_an_alert_holds_only_after_the_owner_of_the_address_has_confirmed(
    service: Client, search: SearchService
) -> None:
    ask(service)
    now = timezone.now()
    assert send_confirmations(now) == 1
    send_digests(now)
    assert len(mail.outbox) == 1, "no digest without a confirmation"
    message = mail.outbox.pop()
    assert message.to == [ADDRESS]
    assert "Xác nhận nhận thông báo" in message.subject
    answer = post(service, "confirmations", token(message))
    assert answer.json() == {"searches": ["“chuyển sinh hoạt đảng”"]}
    assert send_digests(now) == 1


def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(service: Client) -> None:
    subscribed(service)
    known, unknown = ask(service), ask(service, "nguoi.khac@example.org")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert mail.outbox == [], "nothing is sent while the one who asks waits"


def test_what_a_stranger_typed_does_not_stand_in_the_mail_to_somebody_who_did_not_ask(service: Client) -> None:
    ask(service, q="Mua ngay http://quang-cao.example", issuer="Giảm giá")
    send_confirmations(timezone.now())
    (message,) = mail.outbox
    assert "quang-cao" not in message.message().as_string()
    assert "Giảm giá" not in message.body + message.subject


def test_an_address_gets_one_confirmation_a_day_whoever_asks_how_often(service: Client) -> None:
    now = timezone.now()
    for number in range(30):
        ask(service, ADDRESS.upper() if number % 2 else ADDRESS, q=f"tìm {number}")
        send_confirmations(now + timedelta(minutes=number))
    assert len(mail.outbox) == 1
    assert Alert.objects.count() == MOST_ALERTS


def test_asking_again_after_a_day_sends_another_mail_and_silence_does_not(service: Client) -> None:
    ask(service)
    now = timezone.now()
    assert [send_confirmations(now + timedelta(days=day)) for day in (0, 1, 2)] == [1, 0, 0]
    Alert.objects.update(asked_at=now + timedelta(hours=1))
    assert send_confirmations(now + timedelta(hours=23)) == 0
    assert send_confirmations(now + timedelta(days=1)) == 1


def test_a_wish_that_comes_while_the_worker_is_at_work_is_confirmed_by_the_mail_about_it(service: Client) -> None:
    began = timezone.now()
    ask(service)
    send_confirmations(began)
    assert post(service, "confirmations", token(mail.outbox[0])).status_code == 200


def test_confirming_does_not_confirm_what_somebody_else_asks_for_afterwards(service: Client) -> None:
    ask(service)
    send_confirmations(timezone.now())
    link = token(mail.outbox[0])
    ask(service, q="việc của người khác")
    assert post(service, "confirmations", link).json()["searches"] == ["“chuyển sinh hoạt đảng”"]
    assert Alert.objects.get(confirmed_at=None).parameters == {"q": "việc của người khác"}


def test_a_link_that_is_replayed_does_nothing_new_and_nothing_after_the_alert_was_ended(
    service: Client, search: SearchService
) -> None:
    ask(service)
    send_confirmations(timezone.now())
    link = token(mail.outbox.pop())
    assert [post(service, "confirmations", link).status_code for _ in range(2)] == [200, 200]
    send_digests(timezone.now())
    assert post(service, "cancellations", token(mail.outbox.pop(), "thoi")).status_code == 204
    assert post(service, "confirmations", link).status_code == 404
    ask(service)
    assert post(service, "confirmations", link).status_code == 404, "nor does an old link confirm a new wish"


def test_a_link_is_too_old_after_three_days(service: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(service)
    send_confirmations(timezone.now())
    link = token(mail.outbox[0])
    monkeypatch.setattr("django.core.signing.time.time", lambda: timezone.now().timestamp() + 3 * 86_400 + 1)
    assert post(service, "confirmations", link).status_code == 404


@pytest.mark.parametrize("forged", ["", "x", "a:b:c", "x" * 301, "\x00", "all/00000000-0000-0000-0000-000000000000"])
def test_a_forged_link_is_refused(service: Client, forged: str) -> None:
    subscribed(service)
    for what in ("confirmations", "cancellations"):
        assert post(service, what, forged).status_code in (400, 404)
    assert Alert.objects.exclude(confirmed_at=None).count() == 1


def test_a_link_of_one_kind_is_not_one_of_the_other(service: Client, search: SearchService) -> None:
    ask(service)
    send_confirmations(timezone.now())
    assert post(service, "cancellations", token(mail.outbox[0])).status_code == 404
    assert Alert.objects.exists()


HOSTILE = [
    "x@example.org\nBcc: y@example.org", "x@example.org\r\nTo: y@example.org", "x@example.org,y@example.org",
    "x@example.org y@example.org", '"a b"@example.org', '"\x01"@example.org', "đảng@example.org", "x@exämple.org",
    "x", "", "@", "x@", "x" * 250 + "@example.org", "<x@example.org>", "X <x@example.org>", "x@example.org\x00",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_not_one_plain_address_is_refused(service: Client, address: str) -> None:
    ask(service, address, status=400)
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    "parameters", [{"page": "2"}, {"q": ""}, {"q": "x" * 401}, {"type": "x" * 301}, {"q": "a\x00b"}, {"q": ["a"]}]
)
def test_what_is_no_search_is_refused(service: Client, parameters: dict[str, Any]) -> None:
    body = {"address": ADDRESS, "parameters": parameters}
    assert service.post("/api/v1/alerts/", body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("what", ["", "confirmations/", "cancellations/"])
def test_only_the_service_may_pass_wishes_on(client: Client, what: str) -> None:
    assert client.post(f"/api/v1/alerts/{what}", {}, content_type="application/json").status_code == 403


def test_strangers_with_many_addresses_do_not_make_the_mail_server_a_source_of_junk(
    service: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "CONFIRMATIONS_AN_HOUR", 3)
    for number in range(8):
        ask(service, f"nguoi{number}@example.org")
    now = timezone.now()
    assert [send_confirmations(now + timedelta(minutes=30 * half)) for half in range(4)] == [3, 0, 3, 0]


# The digest


def test_the_digest_names_what_is_new_with_links_and_ways_out(service: Client, search: SearchService) -> None:
    alert = subscribed(service)
    assert send_digests(timezone.now()) == 1
    (message,) = mail.outbox
    assert message.subject.endswith("1 nội dung mới bạn đang theo dõi")
    assert "“chuyển sinh hoạt đảng”" in message.body
    assert "- Hướng dẫn 5-HD/TW: Về chuyển sinh hoạt\n  http://localhost:8000/van-ban/x/" in message.body
    headers = message.extra_headers
    assert re.fullmatch(r"<http://localhost:8000/tim-kiem/theo-doi/thoi/\?ma=\S+>", headers["List-Unsubscribe"])
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert post(service, "cancellations", token(message, "thoi")).status_code == 204
    assert not Alert.objects.filter(pk=alert.pk).exists()


def test_the_header_for_mail_programs_ends_everything_and_the_link_of_a_search_only_that_one(
    service: Client, search: SearchService
) -> None:
    subscribed(service)
    Subscriber.objects.update(confirmation_sent_at=timezone.now() - timedelta(days=2))
    subscribed(service, q="đảng phí")
    send_digests(timezone.now())
    (message,) = mail.outbox
    post(service, "cancellations", token(message, "thoi"))
    assert Alert.objects.count() == 1
    everything = message.extra_headers["List-Unsubscribe"].strip("<>").partition("ma=")[2]
    assert [post(service, "cancellations", everything).status_code for _ in range(2)] == [204, 204]
    assert not Alert.objects.exists()


def test_there_is_one_digest_a_day_and_nothing_is_told_twice(service: Client, search: SearchService) -> None:
    subscribed(service)
    now = timezone.now()
    assert [send_digests(now), send_digests(now), send_digests(now + timedelta(days=1))] == [1, 0, 0]
    assert Alert.objects.get().since == PUBLISHED


def test_at_once_a_digest_does_not_wait_for_the_next_day_and_tells_nothing_twice(
    service: Client, search: SearchService, settings: Any
) -> None:
    subscribed(service)
    settings.ALERTS_HOUR = 24  # never, by day
    news, search.items = search.items, []
    call_command("send_alerts", once=True, at_once=True)
    assert mail.outbox == []
    search.items = news
    Alert.objects.update(since=PUBLISHED - timedelta(hours=1))
    for _ in range(2):
        call_command("send_alerts", once=True, at_once=True)
    assert len(mail.outbox) == 1


def test_without_anything_new_no_mail_is_sent(service: Client, search: SearchService) -> None:
    subscribed(service)
    search.items = []
    assert send_digests(timezone.now()) == 0
    assert mail.outbox == []


def test_the_search_service_is_told_searches_and_never_whose_they_are(service: Client, search: SearchService) -> None:
    alert = subscribed(service)
    send_digests(timezone.now())
    assert search.asked == [{"id": str(alert.pk), "since": alert.since.isoformat(), "parameters": SEARCH}]
    assert b"example.org" not in search.received[-1].body
    assert search.received[-1].authorization == service.defaults["HTTP_AUTHORIZATION"]


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_search_service_that_cannot_answer_is_asked_again_the_same_day(
    service: Client, search: SearchService, status: int
) -> None:
    subscribed(service)
    search.status = status
    with pytest.raises(NewsError):
        send_digests(timezone.now())
    search.status = 200
    assert send_digests(timezone.now()) == 1


def test_a_mail_server_that_is_down_loses_nobodys_mail(
    service: Client, search: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(service)
    ask(service, "moi@example.org")

    def down(message: Any) -> None:
        raise SMTPConnectError(421, b"down")

    with monkeypatch.context() as patched:
        patched.setattr("cms.alerts.mailing.EmailMessage.send", down)
        for send in (send_confirmations, send_digests):
            with pytest.raises(SMTPConnectError):
                send(timezone.now())
    assert [send_confirmations(timezone.now()), send_digests(timezone.now())] == [1, 1]


def test_one_address_the_mail_server_refuses_does_not_stop_the_others(
    service: Client, search: SearchService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    subscribed(service, "a@example.org")
    subscribed(service, "b@example.org")
    send = mailing.EmailMessage.send

    def picky(message: Any) -> int:
        if message.to == ["a@example.org"]:
            raise SMTPRecipientsRefused({"a@example.org": (550, b"no such user")})
        return send(message)

    monkeypatch.setattr("cms.alerts.mailing.EmailMessage.send", picky)
    assert send_digests(timezone.now()) == 1
    assert mail.outbox[0].to == ["b@example.org"]
    assert "example.org" not in caplog.text


def test_many_subscribers_are_asked_about_in_pieces_the_service_takes(service: Client, search: SearchService) -> None:
    now = timezone.now()
    for number in range(23):
        subscriber = Subscriber.objects.create(address=f"nguoi{number}@example.org")
        for other in range(MOST_ALERTS):
            Alert.objects.create(
                subscriber=subscriber, parameters={"q": f"{other}"}, key=f"{other}", created_at=now, asked_at=now,
                since=now, confirmed_at=now,
            )  # fmt: skip
    assert send_digests(now) == 23
    assert len(search.asked) == 230
    assert sorted({message.to[0] for message in mail.outbox}) == sorted(f"nguoi{n}@example.org" for n in range(23))


# Forgetting, and the command


def test_what_nobody_confirmed_is_forgotten_and_the_address_with_it(service: Client) -> None:
    ask(service)
    now = timezone.now()
    send_confirmations(now)
    forget(now + timedelta(days=3))
    assert Alert.objects.exists()
    forget(now + timedelta(days=4, seconds=1))
    assert not Alert.objects.exists()
    assert not Subscriber.objects.exists()


def test_ending_all_alerts_does_not_open_the_mailbox_for_another_mail_the_same_day(
    service: Client, search: SearchService
) -> None:
    subscribed(service)
    now = timezone.now()
    send_digests(now)
    post(service, "cancellations", token(mail.outbox[0], "thoi"))
    forget(now)
    ask(service)
    assert send_confirmations(now + timedelta(hours=1)) == 0
    Alert.objects.all().delete()
    forget(now + timedelta(days=1, seconds=1))
    assert not Subscriber.objects.exists()


def test_the_worker_sends_digests_from_the_hour_on_that_is_set(
    service: Client, search: SearchService, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(service)
    settings.ALERTS_HOUR = 6
    day = timezone.localtime().replace(minute=59)
    for hour, sent in ((5, 0), (6, 1), (23, 1)):
        monkeypatch.setattr(timezone, "now", lambda hour=hour: day.replace(hour=hour))
        call_command("send_alerts", once=True)
        assert len(mail.outbox) == sent


def test_the_worker_outlives_a_search_service_that_is_down(service: Client, settings: Any) -> None:
    subscribed(service)
    settings.SEARCH_URL, settings.ALERTS_HOUR = "http://127.0.0.1:9", 0
    call_command("send_alerts", once=True)
    assert mail.outbox == []
    assert subscriptions.Alert.objects.exists()
