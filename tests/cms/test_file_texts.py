"""Text of attachments: it follows the approval of the bytes, page by page, and no file holds anything up."""

import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.utils import timezone

from cms.editorial.publication import withdraw
from cms.ledger import file_texts, text_extraction
from cms.ledger.models import Approval, Change, PublishedFile, Unread
from cms.ledger.recording import change_line, publish_texts
from contract.models import PAGE_BREAK, Snapshot, parse_change
from tests.cms.factories import Board, file_asset, news
from tests.cms.files import locked_pdf, locked_word_file, pdf, scan, word_file

pytestmark = pytest.mark.django_db
DOCUMENT = "word/document.xml"
LINES = ("Điều 1. Chi bộ họp mỗi tháng một lần.", "Phụ lục: mức đóng đảng phí")


def approved(*files: tuple[str, bytes]) -> Board:
    """A board whose news item with these files was just approved."""
    board = Board()
    assets = [("file", file_asset(data, name)) for name, data in files]
    board.page = board.write(news(attachments=assets), approved=True)
    return board


def sent() -> list[Snapshot]:
    """The snapshots of all changes, oldest first."""
    changes = [parse_change(change_line(change)) for change in Change.objects.order_by("seq")]
    return [change.snapshot for change in changes if change.snapshot is not None]


def work() -> None:
    publish_texts(60.0)


@pytest.mark.parametrize("file", [("quy-che.pdf", pdf(*LINES)), ("quy-che.docx", word_file(*LINES))])
def test_the_text_of_a_file_follows_its_approval_page_by_page(file: tuple[str, bytes]) -> None:
    approved(file)
    assert [snapshot.attachments[0].text for snapshot in sent()] == [""], "the approval waits for no file"
    work()
    first, second = sent()
    assert second.attachments[0].text.split(PAGE_BREAK) == list(LINES)
    without_text = second.attachments[0].model_copy(update={"text": ""})
    assert second.model_copy(update={"attachments": (without_text,)}) == first, "nothing else has changed"
    assert Approval.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("A.PDF", "application/pdf"),
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.la", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file_does_not_hang_on_the_tables_of_the_machine(name: str, shown: str) -> None:
    approved((name, b"x"))
    assert sent()[0].attachments[0].media_type == shown


def test_the_worker_reads_a_file_once() -> None:
    approved(("a.pdf", pdf("Một trang")))
    call_command("run_schedule", "--once")
    count = Change.objects.count()
    work()
    assert Change.objects.count() == count == 2


def test_a_text_keeps_its_place_when_pages_are_empty_and_gets_its_one_spelling() -> None:
    approved(("a.pdf", pdf("Trang một", "", unicodedata.normalize("NFD", "Uỷ ban kiểm tra"))))
    work()
    assert sent()[-1].attachments[0].text.split(PAGE_BREAK) == ["Trang một", "", "Ủy ban kiểm tra"]


def test_tables_of_a_word_file_are_read() -> None:
    approved(("a.docx", word_file("Biểu mẫu", row=("Đảng bộ", "Số đảng viên"))))
    work()
    text = sent()[-1].attachments[0].text
    assert "Đảng bộ" in text
    assert "Số đảng viên" in text


def test_another_item_with_the_same_bytes_has_the_text_at_once() -> None:
    board = approved(("a.pdf", pdf("Một trang")))
    work()
    board.write(news(attachments=[("file", file_asset(pdf("Một trang"), "b.pdf"))]), approved=True)
    assert sent()[-1].attachments[0].text == "Một trang"


def test_a_new_approval_keeps_the_text() -> None:
    board = approved(("a.pdf", pdf("Một trang")))
    work()
    board.approve(board.submit(board.edit(board.page, summary="Tóm tắt khác.")))
    assert (sent()[-1].summary, sent()[-1].attachments[0].text) == ("Tóm tắt khác.", "Một trang")


# Files that cannot be read -------------------------------------------------------------------------------------------


def word_bomb(body: bytes) -> bytes:
    """A small Word file that unpacks to this body."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(word_file("x"))) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in whole.namelist():
            data = whole.read(name)
            file.writestr(name, data.replace(b"<w:body>", b"<w:body>" + body) if name == DOCUMENT else data)
    return out.getvalue()


def pdf_bomb(size: int) -> bytes:
    """A small PDF whose page unpacks to so many spaces."""
    compressor, spaces = zlib.compressobj(1), b" " * 10_000_000
    packed = b"".join(compressor.compress(spaces) for _ in range(size // len(spaces))) + compressor.flush()
    before, start, _ = pdf("a").partition(b"6 0 obj\n")
    page = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(packed), packed)
    return before + start + page + b"trailer << /Root 1 0 R /Size 7 >>\n%%EOF\n"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("hong.pdf", b"%PDF-1.4 hong", Unread.DAMAGED),
        ("rong.pdf", b"", Unread.DAMAGED),
        ("hong.docx", b"PK hong", Unread.DAMAGED),
        ("cat-cut.docx", word_file("x")[:-200], Unread.DAMAGED),
        ("khong-phai.docx", pdf("đổi đuôi"), Unread.DAMAGED),
        ("trang-trang.pdf", pdf("", ""), Unread.NO_TEXT),
        ("anh-quet.pdf", scan(), Unread.NO_TEXT),
        ("mat-khau.pdf", locked_pdf(), Unread.LOCKED),
        ("mat-khau.docx", locked_word_file(), Unread.LOCKED),
    ],
)
def test_a_file_without_text_stops_neither_its_item_nor_the_next_file(name: str, data: bytes, reason: Unread) -> None:
    approved((name, data), ("tot.pdf", pdf("Tệp tốt")))
    work()
    assert [attachment.text for attachment in sent()[-1].attachments] == ["", "Tệp tốt"]
    assert list(PublishedFile.objects.exclude(unread="").values_list("unread", flat=True)) == [reason]
    work()
    assert Change.objects.count() == 2, "what cannot be read is not tried again"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("chu.docx", lambda: word_bomb(b"<w:p><w:r><w:t>" + b"a" * 20_000_000 + b"</w:t></w:r></w:p>")),
        ("doan.docx", lambda: word_bomb(b"<w:p/>" * 12_000_000)),
        ("trang.pdf", lambda: pdf_bomb(1_500_000_000)),
    ],
    ids=["a text longer than lxml takes", "a tree that fills the memory", "a page that fills the memory"],
)
def test_a_file_that_unpacks_to_more_than_is_allowed_ends_its_reader_only(name: str, data: Callable[[], bytes]) -> None:
    approved((name, data()), ("tot.pdf", pdf("Tệp tốt")))
    work()
    assert [attachment.text for attachment in sent()[-1].attachments] == ["", "Tệp tốt"]
    assert PublishedFile.objects.exclude(unread="").get().unread == Unread.TOO_MUCH


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_texts, "SECONDS", 0.01)
    approved(("cham.pdf", pdf("Một trang")))
    work()
    file = PublishedFile.objects.get()
    assert (file.unread, file.unread_detail) == (Unread.TOO_MUCH, "not read in 0.01 s")


def test_a_file_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_texts, "LARGEST", 10)
    approved(("to.pdf", pdf("Một trang")))
    work()
    assert PublishedFile.objects.get().unread == Unread.TOO_LARGE


def test_a_file_whose_bytes_are_gone_is_passed_over() -> None:
    approved(("mat.pdf", pdf("Một trang")))
    storages["published"].delete(PublishedFile.objects.get().storage_name)
    work()
    assert PublishedFile.objects.get().unread == Unread.MISSING


def test_a_file_that_could_not_be_had_is_looked_for_again_after_an_hour() -> None:
    approved(("mat.pdf", pdf("Một trang")))
    store, name = storages["published"], PublishedFile.objects.get().storage_name
    store.delete(name)
    work()
    store.save(name, ContentFile(pdf("Một trang")))
    work()
    assert PublishedFile.objects.get().unread == Unread.MISSING, "not at every turn of the worker"
    PublishedFile.objects.update(read_at=timezone.now() - file_texts.MISSING_FOR)
    work()
    file = PublishedFile.objects.get()
    assert (file.unread, file.unread_detail, sent()[-1].attachments[0].text) == ("", "", "Một trang")


@pytest.mark.parametrize("end", ["import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
                                 "raise SystemExit(4)"])  # fmt: skip
def test_a_file_that_asks_for_too_much_is_told_apart_from_a_damaged_one(
    end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    greedy = tmp_path / "greedy.py"
    greedy.write_text(end, encoding="utf-8")
    monkeypatch.setattr(text_extraction, "__file__", str(greedy))
    approved(("a.pdf", pdf("Một trang")))
    work()
    assert PublishedFile.objects.get().unread == Unread.TOO_MUCH


def test_the_reader_of_a_file_knows_no_key_of_the_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text("import json, os; print(json.dumps(sorted(os.environ)))", encoding="utf-8")
    monkeypatch.setenv("SECRET_KEY", "x" * 50)
    monkeypatch.setattr(text_extraction, "__file__", str(spy))
    approved(("a.pdf", pdf("Một trang")))
    work()
    known = PublishedFile.objects.get().text.split(PAGE_BREAK)
    assert not {"SECRET_KEY", "FEED_TOKEN", "SEARCH_TOKEN", "DATABASE_URL"} & set(known)


def test_a_long_text_is_cut_at_so_many_pages_and_characters() -> None:
    limit = text_extraction.CHARACTERS
    assert text_extraction.pages_within_limits(iter(["a"] * 9999)) == ["a"] * text_extraction.PAGES
    assert [len(page) for page in text_extraction.pages_within_limits(iter(["a" * (limit - 1), "bb", "c"]))] == [
        limit - 1,
        1,
    ]


# What is not published ------------------------------------------------------------------------------------------------


def test_files_of_drafts_are_not_read_and_withdrawn_ones_not_told_of() -> None:
    board = Board()
    board.write(news(attachments=[("file", file_asset(pdf("Bản nháp"), "nhap.pdf"))]), submitted=True)
    page = board.write(news(attachments=[("file", file_asset(pdf("Đã rút"), "rut.pdf"))]), approved=True)
    withdraw(page, board.approver, "Sai")
    work()
    assert [file.text for file in PublishedFile.objects.all()] == [""]
    assert Change.objects.count() == 2
