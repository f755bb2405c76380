"""Makes boards, people and pages the way the product makes them: through the models and the real workflow."""

from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile

from cms.content.files import FileAsset
from cms.content.models import DocumentPage, GuidancePage, HomePage, NewsPage, VocabularyPage
from cms.editorial.setup import set_up_site
from cms.editorial.workflow import approve, submit
from cms.units.boards import seat
from cms.units.models import Role, UnitPage

_numbers = count(1)

RESOLUTION = """Căn cứ Điều lệ Đảng;
Ban Chấp hành Đảng bộ tỉnh quyết nghị:
Chương I
QUY ĐỊNH CHUNG
Điều 1. Phạm vi điều chỉnh
1. Nghị quyết này quy định về sinh hoạt chi bộ.
2. Áp dụng đối với mọi chi bộ trong tỉnh.
Điều 2. Tổ chức thực hiện
Các cấp ủy chịu trách nhiệm thi hành nghị quyết này.
"""


def home() -> HomePage:
    return set_up_site("Trang thông tin Đảng bộ tỉnh")


def person(username: str, unit: UnitPage | None = None, *roles: Role, **values: Any) -> Any:
    user = get_user_model().objects.create_user(
        username, f"{username}@example.org", "mat-khau-thu-nghiem", last_name="Nguyễn", first_name=username, **values
    )
    for role in roles:
        seat(user, unit, role)
    return get_user_model().objects.get(pk=user.pk)


def unit(title: str = "Tỉnh ủy Sơn Hà", parent: Any = None, live: bool = False) -> UnitPage:
    parent = parent or home()
    page = parent.add_child(instance=UnitPage(title=title, live=live))
    return UnitPage.objects.get(pk=page.pk)


class Board:
    """A unit with an editor, a reviewer and an approver."""

    def __init__(self, title: str = "Tỉnh ủy Sơn Hà", parent: Any = None) -> None:
        number = next(_numbers)
        self.unit = unit(title, parent)
        self.editor = person(f"bientap{number}", self.unit, Role.EDITOR)
        self.reviewer = person(f"thamdinh{number}", self.unit, Role.REVIEWER)
        self.approver = person(f"pheduyet{number}", self.unit, Role.APPROVER)

    def write(self, page: Any, approved: bool = False, submitted: bool = False) -> Any:
        """Add a page as the editor's draft; submit and approve it when asked."""
        page.owner = self.editor
        page.live = False
        parent = UnitPage.objects.get(pk=self.unit.pk)
        page = parent.add_child(instance=page)
        page.save_revision(user=self.editor)
        if submitted or approved:
            submit(page, self.editor)
        if approved:
            self.approve(page)
        return type(page).objects.get(pk=page.pk)

    def edit(self, page: Any, **values: Any) -> Any:
        page = type(page).objects.get(pk=page.pk).get_latest_revision_as_object()
        for name, value in values.items():
            setattr(page, name, value)
        page.full_clean()
        page.save_revision(user=self.editor)
        return type(page).objects.get(pk=page.pk)

    def submit(self, page: Any) -> Any:
        submit(type(page).objects.get(pk=page.pk), self.editor)
        return type(page).objects.get(pk=page.pk)

    def approve(self, page: Any) -> Any:
        approve(type(page).objects.get(pk=page.pk), self.approver)
        return type(page).objects.get(pk=page.pk)


def news(**values: Any) -> NewsPage:
    number = next(_numbers)
    return NewsPage(**{"title": f"Tin số {number}", "summary": "Tóm tắt.", "body": "<p>Nội dung tin.</p>", **values})


def document(**values: Any) -> DocumentPage:
    number = next(_numbers)
    return DocumentPage(
        **{
            "title": f"Nghị quyết về sinh hoạt chi bộ {number}",
            "number": f"{number}-NQ/TU",
            "issuer": "Ban Chấp hành Đảng bộ tỉnh",
            "issued_on": "2026-05-19",
            "text": RESOLUTION,
            **values,
        }
    )


def guidance(**values: Any) -> GuidancePage:
    number = next(_numbers)
    return GuidancePage(**{"title": f"Hướng dẫn {number}", "body": "<p>Cách làm.</p>", **values})


def vocabulary(**values: Any) -> VocabularyPage:
    terms = [("abbreviation", {"words": "BCH TW", "means": "Ban Chấp hành Trung ương"})]
    return VocabularyPage(**{"title": "Từ ngữ tìm kiếm", "terms": terms, **values})


def file_asset(content: bytes = b"noi dung tep", name: str = "phu-luc.txt", collection: Any = None) -> FileAsset:
    values = {"collection": collection} if collection else {}
    return FileAsset.objects.create(title=name, file=ContentFile(content, name=name), **values)
