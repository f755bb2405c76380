"""A reader follows a search: from the form on the site over the mailbox to the digest, and out again with one click."""

import email
import email.policy
import json
import re
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from tools.stack import Stack

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(240)]

WORDS = "nuôi ong lấy mật vườn đồi"


@pytest.fixture
def mailing(stack: Stack) -> Iterator[Stack]:
    """The line, with mails that are printed instead of dropped, at any hour."""
    stack.extra |= {"LOCAL_EMAIL": "console", "ALERTS_HOUR": "0"}
    yield stack
    for name in ("LOCAL_EMAIL", "ALERTS_HOUR"):
        del stack.extra[name]


def mails(stack: Stack) -> list[EmailMessage]:
    """What the worker sends in one look."""
    printed = stack.manage("send_alerts", "--once").split("-" * 79)
    read = (email.message_from_string(text.strip(), policy=email.policy.default) for text in printed if text.strip())
    return list(read)


def link(message: EmailMessage, path: str) -> str:
    found = re.search(rf"https?://\S+/tim-kiem/theo-doi/{path}/\?ma=\S+", message.get_content())
    assert found
    return found[0]


def publish(stack: Stack, directory: Path, number: str) -> None:
    """A document through the real workflow, until a reader finds it with the full search."""
    entry = {
        "id": number, "title": f"Hướng dẫn số {number} về {WORDS}", "doc_type": "Hướng dẫn", "number": number,
        "issuer": "Ban Tuyên giáo Tỉnh ủy", "issue_date": "2026-11-20", "text": f"Điều 1. Phạm vi\nHướng dẫn {WORDS}.",
    }  # fmt: skip
    file = directory / f"{number.replace('/', '-')}.jsonl"
    file.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    stack.manage("import_documents", str(file), "--unit", "tinh-uy-son-ha", "--approve")
    for _ in range(240):
        answer = httpx.get(f"{stack.site_url}/api/search/", params={"q": number}).json()
        if answer["engine"] == "elasticsearch" and answer["number_match"]:
            return
        time.sleep(0.25)
    raise AssertionError(f"{number} was not found")


def test_a_reader_is_mailed_what_was_published_after_asking_and_ends_it_with_one_click(
    mailing: Stack, tmp_path: Path, context: Callable[..., BrowserContext]
) -> None:
    publish(mailing, tmp_path, "801-HD/TU")
    page = f"{mailing.site_url}/tim-kiem/theo-doi/"
    assert f"“{WORDS}”" in httpx.get(page, params={"q": WORDS}).text
    sent = httpx.post(page, data={"q": WORDS, "address": "dang.vien@example.org"})
    assert "mở hộp thư" in sent.text
    (confirmation,) = mails(mailing)
    assert confirmation["To"] == "dang.vien@example.org"
    visitor = context(java_script_enabled=False).new_page()
    visitor.goto(link(confirmation, "xac-nhan"))
    visitor.locator("main form button").click()
    expect(visitor.locator("main")).to_contain_text(WORDS)
    assert mails(mailing) == [], "what was there before is not new"

    publish(mailing, tmp_path, "802-HD/TU")
    # The day's look is over; the next day's finds it.
    mailing.manage("shell", "-c", "from cms.alerts.models import Subscriber; Subscriber.objects.update(told_on=None)")
    (digest,) = mails(mailing)
    body = digest.get_content()
    assert "802-HD/TU" in body
    assert "801-HD/TU" not in body
    assert f"{mailing.site_url}/van-ban/" in body
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    one_click = digest["List-Unsubscribe"].strip(" <>")
    assert httpx.post(one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    counted = mailing.manage("shell", "-c", "from cms.alerts.models import Alert; print(Alert.objects.count())")
    assert counted.strip().endswith("0")
