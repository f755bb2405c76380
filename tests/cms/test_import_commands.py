"""The import commands as an editor runs them: good lines come in, bad ones are named, nothing comes in twice."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from cms.content.models import DocumentPage, GuidancePage, NewsPage
from cms.importing.demo.reading import load_demo as read_demo
from cms.ledger.models import Approval, Change, PublishedItem
from cms.ledger.recording import change_line
from cms.units.models import Role, UnitPage
from contract.models import parse_change
from contract.vocabulary import Audience, Kind
from tests.cms.factories import RESOLUTION, home, person, unit

pytestmark = pytest.mark.django_db
SLUG = "tinh-uy-son-ha"
NEWS_PAGE = """Báo điện tử Sơn Hà
Chi bộ thôn Bản Mòn đổi mới nội dung sinh hoạt
Ngày 05/11/2026 08:15
Chiều 4/11, chi bộ thôn Bản Mòn tổ chức sinh hoạt chuyên đề về xây dựng nông thôn mới với 32 đảng viên tham dự.
Các ý kiến tập trung vào việc hiến đất làm đường, giữ gìn vệ sinh và giúp đỡ hộ khó khăn trong thôn.
Kết luận buổi sinh hoạt, bí thư chi bộ đề nghị mỗi đảng viên nhận giúp một hộ từ nay đến hết năm.
"""


@pytest.fixture
def board(db: None) -> UnitPage:
    """The unit and the two people the commands name by default."""
    home()
    page = unit()
    person("bientap", page, Role.EDITOR)
    person("pheduyet", page, Role.APPROVER)
    return page


def line(number: str, **values: Any) -> bytes:
    fields = {
        "id": f"id-{number}",
        "title": f"Nghị quyết {number} về sinh hoạt chi bộ",
        "doc_type": "Nghị quyết",
        "number": number,
        "issuer": "Ban Chấp hành Đảng bộ tỉnh",
        "issue_date": "2026-05-19",
        "text": RESOLUTION,
        **values,
    }
    return json.dumps({k: v for k, v in fields.items() if v is not None}, ensure_ascii=False).encode()


@pytest.fixture
def lines_file(tmp_path: Path) -> Path:
    """Two good lines, one without a title (read from its text), one that is not UTF-8, and two that cannot be used."""
    path = tmp_path / "van-ban.jsonl"
    path.write_bytes(
        b"\n".join(
            [
                line("1-NQ/TU"),
                b'{"title": "ngo\xe1\xba',
                line("2-NQ/TU"),
                line("3-NQ/TU", title=None),
                line("4-NQ/TU", text=None),
                line("5-NQ/TU").replace("sinh hoạt".encode(), b"sinh ho\xe1\xba"),
            ]
        )
    )
    return path


def run(command: str, *arguments: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_bad_lines_are_named_and_skipped_and_the_others_come_in_as_drafts(board: UnitPage, lines_file: Path) -> None:
    out, err = run("import_documents", lines_file, "--unit", SLUG)
    assert out.strip() == "3 added, 0 there already, 3 skipped."
    assert "line 2: not " in err
    assert "line 5" in err
    assert "no `text`" in err
    pages = DocumentPage.objects.order_by("pk")
    assert [page.number for page in pages] == ["1-NQ/TU", "2-NQ/TU", "3-NQ/TU"]
    assert all(page.title for page in pages)
    assert not pages.filter(live=True).exists()
    assert {page.get_parent().pk for page in pages} == {board.pk}
    assert not Change.objects.exists()


def test_a_line_that_is_not_utf8_is_refused_rather_than_guessed(board: UnitPage, lines_file: Path) -> None:
    _, err = run("import_documents", lines_file, "--unit", SLUG)
    assert "line 6: not UTF-8" in err
    assert not DocumentPage.objects.filter(number="5-NQ/TU").exists()


def test_the_same_file_again_adds_nothing(board: UnitPage, lines_file: Path) -> None:
    run("import_documents", lines_file, "--unit", SLUG)
    out, _ = run("import_documents", lines_file, "--unit", SLUG)
    assert out.strip() == "0 added, 3 there already, 3 skipped."
    assert DocumentPage.objects.count() == 3


def test_the_same_document_without_an_id_is_known_by_number_issuer_and_date(board: UnitPage, tmp_path: Path) -> None:
    path = tmp_path / "lai.jsonl"
    path.write_bytes(line("7-NQ/TU", id=None) + b"\n" + line("07 - NQ/TU", id=None) + b"\n" + line("7-NQ/TU", id=None,
                     issue_date="2020-01-02"))  # fmt: skip
    out, _ = run("import_documents", path, "--unit", SLUG)
    assert out.strip() == "2 added, 1 there already, 0 skipped."


def test_approving_goes_through_the_workflow_with_two_different_people(board: UnitPage, lines_file: Path) -> None:
    run("import_documents", lines_file, "--unit", SLUG, "--approve")
    users = {user.pk: user.username for user in get_user_model().objects.all()}
    assert Approval.objects.count() == Change.objects.count() == 3
    for approval in Approval.objects.all():
        assert users[approval.approved_by_id] == "pheduyet"
        assert [users[author] for author in approval.author_ids] == ["bientap"]
    published = [parse_change(change_line(change)) for change in Change.objects.select_related("item", "snapshot")]
    numbers = {change.snapshot.document.number for change in published}
    assert numbers == {"1-NQ/TU", "2-NQ/TU", "3-NQ/TU"}


def test_an_author_who_approves_their_own_import_brings_nothing_in(board: UnitPage, lines_file: Path) -> None:
    out, err = run("import_documents", lines_file, "--unit", SLUG, "--approve", "--approver", "bientap")
    assert out.strip() == "0 added, 0 there already, 6 skipped."
    assert err.count("line ") >= 6
    assert not DocumentPage.objects.exists()
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--unit", "khong-co"], r"There is no unit 'khong-co'. Units: tinh-uy-son-ha"),
        (["--unit", SLUG, "--author", "ai-do"], r"There is no active user 'ai-do'"),
        (["--unit", SLUG, "--approve", "--approver", "ai-do"], r"There is no active user 'ai-do'"),
    ],
)
@pytest.mark.parametrize("command", ["import_documents", "import_news"])
def test_an_unknown_unit_or_user_is_a_clear_error(
    command: str, arguments: list[str], message: str, board: UnitPage, lines_file: Path
) -> None:
    with pytest.raises(CommandError, match=message):
        run(command, lines_file, *arguments)


def test_a_file_that_is_not_there_is_a_clear_error(board: UnitPage, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"khong-co\.jsonl"):
        run("import_documents", tmp_path / "khong-co.jsonl", "--unit", SLUG)


def test_news_pages_come_in_once_and_what_is_no_article_is_named(board: UnitPage, tmp_path: Path) -> None:
    good, empty, missing = tmp_path / "tin.txt", tmp_path / "trong.txt", tmp_path / "khong-co.txt"
    good.write_text(NEWS_PAGE, encoding="utf-8")
    empty.write_text("Trang chủ\nĐăng nhập\n", encoding="utf-8")
    for added, there in ((1, 0), (0, 1)):
        out, err = run("import_news", good, empty, missing, "--unit", SLUG)
        assert out.strip() == f"{added} added, {there} there already, 2 skipped."
        assert "trong.txt: " in err
        assert "khong-co.txt: cannot be read" in err
    page = NewsPage.objects.get()
    assert page.title == "Chi bộ thôn Bản Mòn đổi mới nội dung sinh hoạt"
    assert "32 đảng viên" in page.summary + page.body
    assert not page.live
    assert not Change.objects.exists()


def test_news_pages_can_be_approved_on_the_way_in(board: UnitPage, tmp_path: Path) -> None:
    good = tmp_path / "tin.txt"
    good.write_text(NEWS_PAGE, encoding="utf-8")
    run("import_news", good, "--unit", SLUG, "--approve")
    approval = Approval.objects.get()
    assert approval.approved_by_id not in approval.author_ids
    assert PublishedItem.objects.get().title == "Chi bộ thôn Bản Mòn đổi mới nội dung sinh hoạt"


def test_the_demo_loads_once_and_keeps_what_is_for_members_out_of_the_feed() -> None:
    demo = read_demo()
    out, _ = run("load_demo")
    terms_page = 1
    assert f"{len(demo.items) + terms_page} items added" in out
    models = {Kind.NEWS: NewsPage, Kind.DOCUMENT: DocumentPage, Kind.GUIDANCE: GuidancePage}
    for kind, model in models.items():
        expected = {item.slug for item in demo.items if item.kind is kind}
        assert set(model.objects.filter(live=True).values_list("slug", flat=True)) == expected
    members_only = [item for item in demo.items if item.audience is Audience.MEMBERS]
    assert members_only
    lines = [change_line(change) for change in Change.objects.filter(is_latest=True).select_related("item", "snapshot")]
    assert len(lines) == len(demo.items) - len(members_only) + len(demo.units) + terms_page
    for item in members_only:
        assert not any(item.title.encode() in line or item.slug.encode() in line for line in lines)
    out, _ = run("load_demo")
    assert "0 items added" in out
    assert len(lines) == Change.objects.count()
