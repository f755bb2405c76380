"""Editors see which of their published files the search cannot read, why, and what to do."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from cms.editorial.publication import withdraw
from cms.editorial.unsearchable import SHOWN, unsearchable_files_of
from cms.ledger import file_texts
from cms.ledger.models import PublishedFile, Unread
from cms.ledger.recording import publish_texts
from tests.cms.factories import Board, document, file_asset, guidance, news, person
from tests.cms.files import locked_pdf, locked_word_file, pdf, scan, word_file

pytestmark = pytest.mark.django_db

KINDS = [
    ("anh-quet.pdf", scan(), "Tệp này là ảnh quét, không có chữ để tìm"),
    ("mat-khau.pdf", locked_pdf(), "Tệp này có mật khẩu"),
    ("mat-khau.docx", locked_word_file(), "Tệp này có mật khẩu"),
    ("hong.pdf", b"%PDF-1.4 hong", "Tệp này bị hỏng hoặc không đúng loại"),
    ("cat-cut.docx", word_file("x")[:-200], "Tệp này bị hỏng hoặc không đúng loại"),
]


def published(board: Board, *files: tuple[str, bytes], **values: Any) -> Any:
    """A news item with these files, approved and read."""
    assets = [("file", file_asset(data, name)) for name, data in files]
    page = board.write(news(attachments=assets, **values), approved=True)
    publish_texts(60.0)
    return page


def seen(user: Any, address: str) -> str:
    client = Client()
    client.force_login(user)
    html = client.get(address).content.decode()
    # Without the menus and scripts, in which anything may stand.
    return " ".join(strip_tags(re.sub(r"<script.*?</script>", "", html.split("<main")[1], flags=re.DOTALL)).split())


def dashboard(user: Any) -> str:
    return seen(user, reverse("wagtailadmin_home"))


def form(user: Any, page: Any) -> str:
    return seen(user, reverse("wagtailadmin_pages:edit", args=[page.pk]))


@pytest.mark.parametrize(("name", "data", "told"), KINDS)
def test_dashboard_and_form_say_what_is_wrong_with_a_file_and_what_to_do(name: str, data: bytes, told: str) -> None:
    board = Board()
    page = published(board, (name, data), ("tot.pdf", pdf("Tệp tốt")), title="Tin có tệp")
    for shown in (dashboard(board.editor), form(board.editor, page)):
        assert f"{name} {told}" in shown
        assert "trình duyệt lại" in shown
        assert "tot.pdf Tệp này" not in shown
    assert "1 tệp đã đăng mà không tìm kiếm được nội dung" in dashboard(board.editor)


def test_what_is_too_large_or_takes_too_long_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    monkeypatch.setattr(file_texts, "LARGEST", 1000)
    published(board, ("to.docx", word_file("x")))
    monkeypatch.setattr(file_texts, "LARGEST", 100_000_000)
    monkeypatch.setattr(file_texts, "SECONDS", 0.01)
    published(board, ("cham.pdf", pdf("Một trang")))
    assert "to.docx Tệp này quá lớn (trên 100 MB)" in dashboard(board.editor)
    assert "cham.pdf Tệp này đọc quá lâu" in dashboard(board.editor)


@pytest.mark.parametrize("make", [document, guidance])
def test_every_kind_of_content_with_attachments_says_so_in_its_form(make: Any) -> None:
    board = Board()
    page = board.write(make(attachments=[("file", file_asset(scan(), "anh-quet.pdf"))]), approved=True)
    publish_texts(60.0)
    assert "anh-quet.pdf Tệp này là ảnh quét" in form(board.editor, page)


def test_with_nothing_to_mend_nothing_is_said() -> None:
    board = Board()
    page = published(board, ("tot.pdf", pdf("Tệp tốt")))
    assert "không tìm kiếm được nội dung" not in dashboard(board.editor) + form(board.editor, page)


def test_a_new_form_has_no_such_panel() -> None:
    board = Board()
    address = reverse("wagtailadmin_pages:add", args=["content", "newspage", board.unit.pk])
    assert "không tìm kiếm được nội dung" not in seen(board.editor, address)


def test_a_mended_file_and_a_withdrawn_item_need_nothing_any_more() -> None:
    board = Board()
    mended = published(board, ("anh-quet.pdf", scan()))
    gone = published(board, ("hong.pdf", b"%PDF-1.4 hong"))
    assert "2 tệp đã đăng mà" in dashboard(board.editor)
    withdraw(gone, board.approver, "Sai")
    board.approve(board.submit(board.edit(mended, attachments=[("file", file_asset(pdf("Có chữ"), "co-chu.pdf"))])))
    publish_texts(60.0)
    assert "tệp đã đăng mà" not in dashboard(board.editor) + form(board.editor, mended) + form(board.editor, gone)


def test_the_dashboard_names_only_files_of_what_the_user_may_edit() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    published(board, ("anh-quet.pdf", scan()))
    assert "anh-quet.pdf" not in dashboard(other.editor)
    assert "anh-quet.pdf" in dashboard(person("quantri", is_superuser=True))


def test_the_dashboard_lets_a_file_rest_after_a_month_and_the_form_does_not() -> None:
    board = Board()
    page = published(board, ("anh-quet.pdf", scan()))
    PublishedFile.objects.update(read_at=timezone.now() - timedelta(days=31))
    assert "anh-quet.pdf" not in dashboard(board.editor)
    assert "anh-quet.pdf" in form(board.editor, page)


def test_the_dashboard_shows_the_newest_files_at_a_price_that_does_not_grow(django_assert_max_num_queries: Any) -> None:
    board = Board()
    files = [(f"tep-{number}.pdf", b"%%PDF-1.4 %d" % number) for number in range(SHOWN + 2)]
    published(board, *files[:2])
    dashboard(board.editor)
    with django_assert_max_num_queries(200) as few:
        dashboard(board.editor)
    published(board, *files[2:])
    with django_assert_max_num_queries(len(few) + 2):
        shown = dashboard(board.editor)
    assert f"{SHOWN + 2} tệp đã đăng mà" in shown
    assert f"Đang hiện {SHOWN} tệp mới nhất." in shown
    assert len(re.findall(r"tep-\d+\.pdf", shown)) == SHOWN


def test_every_reason_has_words_of_its_own() -> None:
    page = published(Board(), ("anh-quet.pdf", scan()))
    told = set()
    for reason in Unread:
        PublishedFile.objects.update(unread=reason)
        told |= {str(file.what) for file in unsearchable_files_of(page)}
    assert len(told) == len(Unread)
