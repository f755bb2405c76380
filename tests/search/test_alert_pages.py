"""Readers ask for alerts, confirm and end them on plain pages; when the CMS fails, they are told what to do."""

import json
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from search import subscribing
from search.service import runtime as running
from search.service.throttling import SearchThrottle
from tests.recording_server import RecordingServer
from tests.search.factories import write_release
from tests.search.samples import demo_records

ASK, CONFIRM, CANCEL = "/tim-kiem/theo-doi/", "/tim-kiem/theo-doi/xac-nhan/", "/tim-kiem/theo-doi/thoi/"
TOKEN = "token-of-the-services-token-of-the-services"


class Cms(RecordingServer):
    """Takes wishes."""

    @property
    def asked(self) -> list[tuple[str, Any]]:
        """Where to, and what."""
        return [(request.path, request.content) for request in self.received]


@pytest.fixture
def cms() -> Iterator[Cms]:
    server = Cms()
    server.content = b"{}"
    with server.running():
        yield server


@pytest.fixture
def client(site: Path, settings: Any, cms: Cms) -> Iterator[Client]:
    write_release(site, demo_records())
    settings.SITE_DIR, settings.ELASTICSEARCH_URL = site, "http://127.0.0.1:9"
    settings.CMS_URL, settings.SEARCH_TOKEN = cms.origin, TOKEN
    running.runtime.cache_clear()
    SearchThrottle.cache.clear()
    yield Client(raise_request_exception=False)
    running.runtime().engines.fallback.close()
    running.runtime.cache_clear()


def send(client: Client, address: str, values: dict[str, str], **headers: str) -> Any:
    return client.post(address, urlencode(values), "application/x-www-form-urlencoded", headers=headers)


WISH = {"q": "sinh hoạt chi bộ", "type": "quyet-dinh", "address": "dang.vien@example.org"}


def test_a_reader_asks_with_a_form_that_carries_the_search(client: Client, cms: Cms) -> None:
    html = client.get(ASK, {"q": "sinh hoạt chi bộ", "type": "quyet-dinh", "page": "3"}).content.decode()
    assert "“sinh hoạt chi bộ”" in html
    assert '<input type="hidden" name="type" value="quyet-dinh">' in html
    answer = send(client, ASK, WISH)
    assert answer.status_code == 200
    assert "mở hộp thư" in answer.content.decode()
    search = {"q": "sinh hoạt chi bộ", "type": "quyet-dinh"}
    assert cms.asked == [("/api/v1/alerts/", {"address": "dang.vien@example.org", "parameters": search})]
    assert cms.received[-1].authorization == f"Bearer {TOKEN}"
    assert "dang.vien" not in answer.content.decode()


def test_a_link_of_a_mail_does_nothing_before_the_button_is_pressed(client: Client, cms: Cms) -> None:
    for address in (CONFIRM, CANCEL):
        html = client.get(address, {"ma": "abc:def"}).content.decode()
        assert '<input type="hidden" name="ma" value="abc:def">' in html
    assert cms.asked == [], "programs that look at mails follow links"


def test_confirming_names_what_is_followed(client: Client, cms: Cms) -> None:
    cms.content = json.dumps({"searches": ["“đảng phí”", "<b>x</b>"]}).encode()
    html = send(client, CONFIRM, {"ma": "abc"}).content.decode()
    assert cms.asked == [("/api/v1/alerts/confirmations/", {"token": "abc"})]
    assert "“đảng phí”" in html
    assert "&lt;b&gt;x" in html


@pytest.mark.parametrize(
    "content",
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
         "multipart/form-data; boundary=x"),
    ],
)  # fmt: skip
def test_a_mail_program_ends_the_alerts_with_one_click(client: Client, cms: Cms, content: tuple[bytes, str]) -> None:
    answer = client.post(f"{CANCEL}?ma=abc", content[0], content[1])
    assert answer.status_code == 200
    assert "Đã thôi theo dõi" in answer.content.decode()
    assert cms.asked == [("/api/v1/alerts/cancellations/", {"token": "abc"})]


@pytest.mark.parametrize("token", ["", "x" * 301])
def test_a_link_without_a_token_is_refused_without_asking_anybody(client: Client, cms: Cms, token: str) -> None:
    answer = send(client, CONFIRM, {"ma": token})
    assert answer.status_code == 404
    assert "không còn hiệu lực" in answer.content.decode()
    assert cms.asked == []


def test_a_link_the_cms_does_not_know_any_more_is_told(client: Client, cms: Cms) -> None:
    cms.status = 404
    for address in (CONFIRM, CANCEL):
        answer = send(client, address, {"ma": "old"})
        assert (answer.status_code, "đăng ký lại" in answer.content.decode()) == (404, True)


def test_an_address_the_cms_refuses_stays_in_the_form_with_what_is_wrong(client: Client, cms: Cms) -> None:
    cms.status = 400
    answer = send(client, ASK, {**WISH, "address": 'x"><script>@example'})
    html = answer.content.decode()
    assert answer.status_code == 400
    assert "không phải địa chỉ thư" in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("values", [{"q": "chè", "address": ""}, {"q": "chè"}, {"q": "chè", "address": "x" * 255}])
def test_what_cannot_be_an_address_is_not_passed_on(client: Client, cms: Cms, values: dict[str, str]) -> None:
    assert send(client, ASK, values).status_code == 400
    assert cms.asked == []


def test_a_search_for_nothing_cannot_be_followed(client: Client, cms: Cms) -> None:
    assert client.get(ASK).status_code == 400
    assert send(client, ASK, {"address": "a@example.org"}).status_code == 400
    assert cms.asked == []


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_cms_that_fails_is_told_in_plain_words(client: Client, cms: Cms, status: int) -> None:
    cms.status = status
    for address, values in ((ASK, WISH), (CONFIRM, {"ma": "abc"}), (CANCEL, {"ma": "abc"})):
        answer = send(client, address, values)
        assert answer.status_code == 503
        assert "Chưa có gì thay đổi" in answer.content.decode()
        assert answer.headers["Retry-After"]


def test_a_cms_that_is_not_there_or_answers_nonsense_is_told_too(client: Client, cms: Cms, settings: Any) -> None:
    cms.content = b"not json"
    assert send(client, CONFIRM, {"ma": "abc"}).status_code == 503
    settings.CMS_URL = "http://127.0.0.1:9"
    assert send(client, ASK, WISH).status_code == 503


def test_a_cms_that_hangs_holds_two_readers_and_searching_goes_on(client: Client, cms: Cms) -> None:
    cms.delay = 1.0
    waiting = [threading.Thread(target=send, args=(Client(), ASK, WISH)) for _ in range(subscribing.MOST_AT_ONCE)]
    for thread in waiting:
        thread.start()
    while len(cms.asked) < subscribing.MOST_AT_ONCE:
        time.sleep(0.01)
    started = time.perf_counter()
    assert send(client, ASK, WISH).status_code == 503
    assert client.get("/api/search/", {"q": "chè"}).status_code == 200
    assert time.perf_counter() - started < 0.9
    for thread in waiting:
        thread.join()


def test_one_connection_can_cause_some_mails_an_hour_and_no_more(
    client: Client, cms: Cms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SearchThrottle, "THROTTLE_RATES", {"search": "100/min", "alerts": "2/hour"})
    answers = [send(client, ASK, {**WISH, "address": f"n{number}@example.org"}) for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert "sau một giờ" in answers[2].content.decode()
    assert len(cms.asked) == 2
    assert client.get(ASK, {"q": "chè"}).status_code == 200
    assert send(client, CANCEL, {"ma": "abc"}).status_code == 200, "ending is never refused for asking too much"


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
     {"Origin": "null"}],
)  # fmt: skip
def test_the_page_of_another_site_cannot_ask_in_a_readers_name(
    client: Client, cms: Cms, headers: dict[str, str]
) -> None:
    assert send(client, ASK, WISH, **headers).status_code == 403
    assert cms.asked == []
    assert send(client, ASK, WISH, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_search_without_a_result_can_be_followed_too(client: Client, cms: Cms) -> None:
    html = client.get("/tim-kiem/", {"q": "zzyzx"}).content.decode()
    assert "Không tìm thấy kết quả nào" in html
    assert f'href="{ASK}?q=zzyzx"' in html


def test_without_a_cms_or_elasticsearch_there_are_no_alerts(client: Client, settings: Any) -> None:
    for name in ("CMS_URL", "ELASTICSEARCH_URL"):
        with_it = getattr(settings, name)
        setattr(settings, name, "")
        answer = client.get(ASK, {"q": "chè"})
        assert (answer.status_code, "không gửi thư thông báo" in answer.content.decode()) == (404, True)
        setattr(settings, name, with_it)


class _Script(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "svg", "iframe") or any(name.startswith("on") for name, _ in attrs):
            self.found.append(tag)


HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus=alert(1) '", "\x00\r\nX: y", "%"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_typed_becomes_markup(client: Client, cms: Cms, text: str) -> None:
    cms.status = 400
    answers = [
        client.get(ASK, {"q": text, "issuer": text}), client.get(CONFIRM, {"ma": text}),
        send(client, ASK, {"q": text, "type": text, "address": text * 3}), send(client, CANCEL, {"ma": text}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code < 500
        parser = _Script()
        parser.feed(answer.content.decode())
        assert parser.found == []


@pytest.mark.parametrize("content", [(b"\xff\xfe", "application/x-www-form-urlencoded"), (b"{}", "application/json"),
                                     (b"broken", "multipart/form-data; boundary=y")])  # fmt: skip
def test_a_body_that_is_no_form_is_no_error_page(client: Client, content: tuple[bytes, str]) -> None:
    for address in (ASK, CONFIRM, CANCEL):
        assert 400 <= client.post(address, content[0], content[1]).status_code < 500


@pytest.mark.parametrize("address", [ASK, f"{CONFIRM}?ma=abc", f"{CANCEL}?ma=abc"])
def test_the_pages_are_kept_nowhere_and_set_no_cookie(client: Client, address: str) -> None:
    answer = client.get(address, {"q": "chè"} if address == ASK else None)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex">' in answer.content.decode()
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert not client.cookies
