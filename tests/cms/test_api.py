"""The feed, the content API, files and previews, asked over HTTP."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cms.content.files import FileAsset
from cms.editorial.models import PreviewGrant
from cms.editorial.previews import preview_url
from cms.editorial.publication import withdraw
from cms.ledger.models import PublisherState
from contract.models import parse_change
from tests.cms.factories import Board, document, file_asset, guidance, news

pytestmark = pytest.mark.django_db
OPENAPI = Path(settings.ROOT) / "docs" / "openapi.yaml"


def lines(response) -> list[bytes]:
    return response.content.splitlines()


def test_the_feed_hands_out_changes_in_order_and_names_the_head(service: Client) -> None:
    board = Board()
    pages = [board.write(news(), approved=True) for _ in range(3)]
    response = service.get("/api/v1/changes/", {"after": 0})
    changes = [parse_change(line) for line in lines(response)]
    assert [change.id for change in changes] == [page.uuid for page in pages]
    assert response["Content-Type"] == "application/x-ndjson"
    assert response["X-Head-Seq"] == "3"
    assert response["Cache-Control"] == "no-store"
    assert lines(service.get("/api/v1/changes/", {"after": 2}))[0] == lines(response)[2]


def test_nothing_new_is_an_empty_answer_of_the_same_type(service: Client) -> None:
    response = service.get("/api/v1/changes/", {"after": 7})
    assert (response.content, response["Content-Type"]) == (b"", "application/x-ndjson")


def test_the_feed_is_paged_by_count_and_by_bytes(service: Client, settings) -> None:
    board = Board()
    for _ in range(5):
        board.write(news(), approved=True)
    for limit in ("FEED_MAX_CHANGES", "FEED_MAX_BYTES"):
        settings.FEED_MAX_CHANGES, settings.FEED_MAX_BYTES = 500, 8_000_000
        setattr(settings, limit, 2 if limit == "FEED_MAX_CHANGES" else 1500)
        seen, url = [], "/api/v1/changes/?after=0"
        while url:
            response = service.get(url)
            seen += [json.loads(line)["seq"] for line in lines(response)]
            assert len(lines(response)) <= 2
            link = response.get("Link", "")
            url = urlsplit(link[1:].partition(">")[0])._replace(scheme="", netloc="").geturl() if link else ""
        assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 30, "٣"])
def test_a_wrong_position_is_a_clear_400(service: Client, after: str) -> None:
    response = service.get("/api/v1/changes/", {"after": after})
    assert response.status_code == 400
    assert b"whole number" in response.content


def test_the_content_api_knows_only_what_is_published() -> None:
    board = Board()
    shown = board.write(document(), approved=True)
    board.write(document(title="Nháp bí mật"))
    board.write(document(title="Đang chờ bí mật"), submitted=True)
    edited = board.edit(shown, title="Bản sửa bí mật")
    gone = board.write(document(title="Thu hồi bí mật"), approved=True)
    withdraw(gone, board.approver, "thử")
    listing = Client().get("/api/v1/documents/")
    assert [item["title"] for item in listing.json()["results"]] == [shown.title]
    detail = Client().get(f"/api/v1/documents/{edited.uuid}/")
    assert detail.json()["title"] == shown.title
    assert Client().get(f"/api/v1/documents/{gone.uuid}/").status_code == 404
    assert "bí mật" not in listing.content.decode() + detail.content.decode()


def test_documents_are_filtered_ordered_and_found_by_number_in_any_spelling() -> None:
    board = Board()
    first = board.write(document(number="18-NQ/TU", issued_on="2025-01-10"), approved=True)
    second = board.write(document(number="35-CT/TU", document_type="chi-thi", issued_on="2026-01-10"), approved=True)

    def titles(**query: str) -> list[str]:
        response = Client().get("/api/v1/documents/", query)
        assert response.status_code == 200, response.content
        return [item["title"] for item in response.json()["results"]]

    assert titles(number="18 nq tu") == [first.title]
    assert titles(q="số 35 - CT/TU") == [second.title]
    assert titles(type="chi-thi") == [second.title]
    assert titles(ordering="issued_on") == [first.title, second.title]
    assert titles(issued_after="2025-06-01") == [second.title]
    elsewhere = Board("Đảng ủy xã Suối Trong")
    third = elsewhere.write(document(issuer="Đảng ủy xã Suối Trong", issued_on="2024-03-01"), approved=True)
    assert titles(unit=str(elsewhere.unit.uuid)) == [third.title]
    assert titles(issuer="Đảng ủy xã Suối Trong") == [third.title]
    assert titles(issued_before="2024-12-31") == [third.title]


def test_a_refusal_is_not_kept_by_shared_caches() -> None:
    assert Client().get("/api/v1/documents/", {"issued_after": "x"})["Cache-Control"] == "no-store"


def test_pages_of_the_content_api_neither_skip_nor_repeat_when_items_come_in() -> None:
    board = Board()
    pages = [board.write(news(), approved=True) for _ in range(5)]
    first = Client().get("/api/v1/news/", {"page_size": 2}).json()
    board.write(news(), approved=True)
    seen, url = [item["id"] for item in first["results"]], first["next"]
    while url:
        answer = Client().get(urlsplit(url)._replace(scheme="", netloc="").geturl()).json()
        seen += [item["id"] for item in answer["results"]]
        url = answer["next"]
    assert seen == [str(page.uuid) for page in reversed(pages)]


def test_an_unchanged_answer_is_a_304_and_a_new_approval_changes_the_etag() -> None:
    board = Board()
    board.write(guidance(), approved=True)
    etag = Client().get("/api/v1/guidance/")["ETag"]
    assert Client(headers={"If-None-Match": etag}).get("/api/v1/guidance/").status_code == 304
    board.write(guidance(), approved=True)
    assert Client(headers={"If-None-Match": etag}).get("/api/v1/guidance/").status_code == 200


def test_the_openapi_file_in_the_repository_is_the_one_the_api_has() -> None:
    response = Client().get("/api/v1/schema/")
    assert response.content.decode() == OPENAPI.read_text(encoding="utf-8"), "run `make openapi` and read the diff"


def test_a_file_reaches_nobody_before_it_is_published_and_the_publisher_only_after(service: Client) -> None:
    board = Board()
    content = b"noi dung chi biet sau khi duyet"
    asset = file_asset(content, collection=board.unit.board_group.collection)
    page = board.write(news(attachments=[("file", asset)]), submitted=True)
    sha256 = hashlib.sha256(content).hexdigest()
    address = f"/api/v1/files/{sha256}/"
    assert service.get(address).status_code == 404
    assert Client().get(asset.url).status_code == 404
    board.approve(page)
    assert b"".join(service.get(address).streaming_content) == content
    assert Client().get(address).status_code == 403
    assert Client().get(asset.url).status_code == 404


def test_a_published_file_stays_as_approved_when_the_library_file_is_replaced(service: Client) -> None:
    board = Board()
    asset = file_asset(b"ban da duyet")
    board.write(news(attachments=[("file", asset)]), approved=True)
    asset.file.delete()
    address = f"/api/v1/files/{hashlib.sha256(b'ban da duyet').hexdigest()}/"
    assert b"".join(service.get(address).streaming_content) == b"ban da duyet"


def test_an_editor_sees_the_files_of_their_own_unit_only() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    asset = file_asset(collection=board.unit.board_group.collection)
    for user, status in ((board.editor, 200), (other.editor, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(asset.url).status_code == status


def test_stored_files_have_unguessable_names() -> None:
    names = {FileAsset.objects.get(pk=file_asset(name="nghi-quyet.pdf").pk).file.name for _ in range(3)}
    assert len(names) == 3
    assert not any("nghi-quyet" in name for name in names)


def test_the_publisher_reports_its_state(service: Client) -> None:
    state = {
        "release": "r-1",
        "seq": 7,
        "built_at": "2026-11-22T08:00:00Z",
        "seconds": 1.5,
        "pages_written": 12,
        "set_aside": [{"seq": 3, "id": "x", "reason": "trùng đường dẫn"}],
    }
    for _ in range(2):
        assert service.post("/api/v1/publisher-state/", state, content_type="application/json").status_code == 200
    assert PublisherState.objects.get().set_aside[0]["reason"] == "trùng đường dẫn"


@pytest.fixture
def drafted(rf):
    """A logged-in editor's client, their draft, and a function that makes a preview token for it."""
    board = Board()
    page = board.write(news(title="Bản nháp để xem trước"))
    client = Client()
    client.force_login(board.editor)

    def token() -> str:
        request = rf.get("/")
        request.user = board.editor
        request.session = client.session
        return parse_qs(urlsplit(preview_url(page, request)).query)["token"][0]

    return board, page, client, token


def preview_status(service: Client, token: str) -> int:
    return service.get("/api/v1/preview/", {"token": token}).status_code


def test_a_preview_token_gives_the_draft_and_is_not_to_be_stored(service: Client, drafted) -> None:
    _, _, _, token = drafted
    response = service.get("/api/v1/preview/", {"token": token()})
    assert response.json()["snapshot"]["title"] == "Bản nháp để xem trước"
    assert response["Cache-Control"] == "no-store"


def test_a_preview_token_ends_with_time_session_role_and_revision(service: Client, drafted, settings) -> None:
    board, page, _, token = drafted
    good = token()
    assert preview_status(service, good) == 200
    assert preview_status(service, good[:-2] + ("aa" if good[-2:] != "aa" else "bb")) == 404
    assert preview_status(service, "") == 404

    page.save_revision(user=board.editor)
    assert preview_status(service, good) == 404, "another revision"

    page.refresh_from_db()
    good = token()
    board.editor.memberships.all().delete()
    assert preview_status(service, good) == 404, "role taken away"

    settings.PREVIEW_SECONDS = -1
    assert preview_status(service, token()) == 404, "too old"


def test_a_preview_token_ends_with_log_out(service: Client, drafted) -> None:
    _, _, client, token = drafted
    good = token()
    client.logout()
    assert preview_status(service, good) == 404


def test_old_previews_are_forgotten(drafted) -> None:
    _, _, _, token = drafted
    token()
    PreviewGrant.objects.update(created_at=timezone.now() - timedelta(minutes=20))
    token()
    assert PreviewGrant.objects.count() == 1


def test_wagtails_public_apis_and_page_serving_are_not_mounted() -> None:
    for path in ("/api/v2/pages/", "/api/v3/pages/", "/api/main/", "/images/1/", "/trang-chu/"):
        assert Client().get(path).status_code == 404
    assert reverse("wagtaildocs_serve", args=[1, "x.pdf"]).startswith("/documents/")
