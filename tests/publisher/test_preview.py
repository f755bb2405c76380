"""Previews: the page the site would show, kept nowhere, and one answer for everything that is wrong."""

import logging
from collections.abc import Iterator
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import pytest

from contract.models import Snapshot
from publisher.preview import PreviewApplication
from publisher.settings import Settings
from tests.publisher.factories import Ledger, attachment, document, news, unit
from tests.publisher.feed_server import TOKEN, FeedServer, serving
from tests.publisher.workshop import Workshop, traces, tree

SETTINGS = Settings(feed_token=TOKEN, site_tagline="Đoàn kết – Dân chủ")


@pytest.fixture
def cms() -> Iterator[FeedServer]:
    with serving(Ledger()) as running:
        yield running


def get(
    cms: str, query: str, site: Path | None = None, method: str = "GET", settings: Settings = SETTINGS
) -> tuple[str, dict[str, str], str]:
    environ: dict[str, object] = {}
    setup_testing_defaults(environ)
    environ |= {"PATH_INFO": "/preview/", "QUERY_STRING": query, "REQUEST_METHOD": method}
    answer: list[tuple[str, list[tuple[str, str]]]] = []
    application = PreviewApplication(cms, site, settings)
    body = b"".join(application(environ, lambda status, headers: answer.append((status, headers))))
    return answer[0][0], dict(answer[0][1]), body.decode()


def offer(cms: FeedServer, snapshot: Snapshot) -> None:
    cms.drafts["token"] = snapshot.to_json()


def test_a_preview_is_the_page_the_site_will_show(cms: FeedServer, workshop: Workshop) -> None:
    old = document("cu", "18-NQ/TU")
    draft = document("moi", "20-NQ/TU", relations=[{"verb": "replaces", "number": "18-NQ/TU"}])
    workshop.ledger.publish(unit("tinh-uy"), old)
    workshop.build()
    offer(cms, draft)
    status, _, preview = get(cms.origin, "token=token", workshop.site.root)
    assert status == "200 OK"
    workshop.ledger.publish(draft)
    workshop.build()
    assert preview == workshop.read(draft.path)


@pytest.mark.parametrize("others", [1, 2])
def test_a_preview_shows_who_speaks_of_its_number_only_if_the_site_will(
    cms: FeedServer, workshop: Workshop, others: int
) -> None:
    speaking = document("noi", "1-QĐ/TU", relations=[{"verb": "guides", "number": "20-NQ/TU"}])
    draft = document("moi-0", "20-NQ/TU")
    workshop.ledger.publish(unit("tinh-uy"), speaking, *(document(f"moi-{n}", "20-NQ/TU") for n in range(1, others)))
    workshop.build()
    offer(cms, draft)
    preview = get(cms.origin, "token=token", workshop.site.root)[2]
    assert ("Tiêu đề noi" in preview) == (others == 1), "a number that two documents carry means neither"
    workshop.ledger.publish(draft)
    workshop.build()
    assert preview == workshop.read(draft.path)


def test_a_preview_works_without_a_site_and_links_no_files(cms: FeedServer) -> None:
    offer(cms, document("moi", attachments=[attachment(b"x", "/api/v1/files/x/")]))
    status, _, page = get(cms.origin, "token=token")
    assert status == "200 OK"
    assert "Nghị quyết.pdf" in page
    assert "/tep/" not in page
    assert "/api/" not in page


def test_a_members_draft_can_be_previewed(cms: FeedServer) -> None:
    offer(cms, news("noi-bo", audience="members"))
    assert get(cms.origin, "token=token")[0] == "200 OK"


def test_a_script_in_a_draft_does_not_reach_the_editor(cms: FeedServer) -> None:
    offer(cms, news("tin", body="<script>alert(1)</script><p onclick=x>ok</p>"))
    page = get(cms.origin, "token=token")[2]
    assert "<script" not in page
    assert "onclick" not in page


def test_previews_are_not_stored_indexed_referred_to_or_framed_elsewhere(cms: FeedServer) -> None:
    offer(cms, news("tin"))
    for query in ("token=token", "token=bad"):
        headers = get(cms.origin, query)[1]
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert f"frame-ancestors {cms.origin}" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" not in headers["Content-Security-Policy"]


def test_everything_that_is_wrong_gets_the_same_answer(cms: FeedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="publisher")
    offer(cms, news("tin"))
    cms.drafts["invalid"] = {"schema": 1, "title": "plugh"}
    answers = [
        get(cms.origin, ""),
        get(cms.origin, "token="),
        get(cms.origin, "token=bad-token"),
        get(cms.origin, "token=token&token=token"),
        get(cms.origin, "token=" + "x" * 5000),
        get(cms.origin, "token=invalid"),
        get(cms.origin, "token=token", settings=Settings(feed_token="wrong", site_tagline=SETTINGS.site_tagline)),
        get(cms.origin, "token=token", method="POST"),
    ]
    assert {status for status, _, _ in answers} == {"404 Not Found"}
    assert len({body for _, _, body in answers}) == 1
    assert "plugh" not in answers[0][2]
    down = get("http://127.0.0.1:9", "token=token")
    assert (down[0], down[2]) == ("404 Not Found", answers[0][2])
    assert "bad-token" not in caplog.text
    assert "plugh" not in caplog.text


def test_a_preview_leaves_nothing_behind(cms: FeedServer, workshop: Workshop) -> None:
    workshop.ledger.publish(unit("tinh-uy"))
    workshop.build()
    before = tree(workshop.site.root)
    offer(cms, news("xyzzy"))
    assert get(cms.origin, "token=token", workshop.site.root)[0] == "200 OK"
    # SQLite's index of its log, for as long as someone reads, and the log itself, which is empty.
    after = {name: data for name, data in tree(workshop.site.root).items() if data and not name.endswith("-shm")}
    assert after == {name: data for name, data in before.items() if data}
    assert traces(workshop.site.root, "xyzzy") == []
