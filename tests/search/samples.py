"""A small site in Vietnamese, with the traps real ones have: shared numbers, near words, hostile titles."""

from collections.abc import Iterator
from datetime import date

from contract.models import Provision, Topic
from contract.release import Record
from contract.vocabulary import Kind, ProvisionKind, Status
from tests.search.factories import WARD, document, item, provision

ARTICLE, CLAUSE, POINT = ProvisionKind.ARTICLE, ProvisionKind.CLAUSE, ProvisionKind.POINT
SECTION = ProvisionKind.SECTION


def regulation_provisions() -> Iterator[Provision]:
    """Two articles with clauses and a point."""
    yield provision(ProvisionKind.CHAPTER, "Chương I", heading="QUY ĐỊNH CHUNG")
    yield provision(ARTICLE, "Điều 1", "Quy định này áp dụng cho mọi chi bộ trong tỉnh.", "Phạm vi", "chuong-i")
    yield provision(ARTICLE, "Điều 5", "", "Sinh hoạt định kỳ", "chuong-i")
    yield provision(CLAUSE, "1.", "Chi bộ họp thường kỳ mỗi tháng một lần.", parent="chuong-i-dieu-5")
    yield provision(
        CLAUSE,
        "Khoản 2",
        "Đảng viên vắng mặt phải báo cáo bằng văn bản trước hai ngày.",
        parent="chuong-i-dieu-5",
    )
    yield provision(POINT, "a)", "Trường hợp ốm đau thì báo qua điện thoại.", parent="chuong-i-dieu-5-khoan-khoan-2")


def resolution_provisions() -> Iterator[Provision]:
    """Sections of a Party resolution."""
    yield provision(SECTION, "I", heading="TÌNH HÌNH")
    yield provision(CLAUSE, "1", "Năng suất lao động của ngành chè tăng chậm.", parent="i")
    yield provision(SECTION, "II", "Phấn đấu trồng mới một nghìn hecta chè hữu cơ.", heading="MỤC TIÊU")


def demo_records() -> list[Record]:
    """Every kind of item, in a fixed order."""
    return [
        document(
            "nghi-quyet-18-2017",
            "Một số vấn đề về tiếp tục đổi mới, sắp xếp tổ chức bộ máy của hệ thống chính trị",
            "18-NQ/TW",
            issued_on=date(2017, 10, 25),
            status=Status.AMENDED,
            body="Đổi mới, sắp xếp tổ chức bộ máy tinh gọn.",
            seq=1,
        ),
        document(
            "nghi-quyet-18-2022",
            "Về tiếp tục đổi mới, hoàn thiện thể chế, chính sách, nâng cao hiệu lực quản lý và sử dụng đất",
            "18-NQ/TW",
            issued_on=date(2022, 6, 16),
            body="Quản lý và sử dụng đất có hiệu quả.",
            seq=2,
        ),
        document(
            "quyet-dinh-37",
            "Ban hành Quy định về sinh hoạt chi bộ",
            "37/2020/QĐ-UBND",
            document_type="quyet-dinh",
            issuer="Ủy ban nhân dân tỉnh Thái Nguyên",
            issued_on=date(2020, 11, 5),
            provisions=regulation_provisions(),
            seq=3,
        ),
        document(
            "nghi-dinh-30",
            "Về công tác văn thư",
            "30/2020/NĐ-CP",
            document_type="nghi-dinh",
            issuer="Chính phủ",
            issued_on=date(2020, 3, 5),
            body="Soạn thảo, ký ban hành văn bản; quản lý văn bản theo Nghị quyết 18-NQ/TW.",
            seq=4,
        ),
        document(
            "nghi-quyet-che",
            "Phát triển cây chè đến năm 2030",
            "05-NQ/TU",
            issuer="Tỉnh ủy Thái Nguyên",
            issued_on=date(2025, 2, 3),
            provisions=resolution_provisions(),
            unit=WARD,
            seq=5,
        ),
        item("ban-ban-ghe", "Chi bộ xóm Đồng Rằm bàn việc mua bàn ghế", body="Chi bộ họp bàn.", seq=6, unit=WARD),
        item("ban-hang", "Chi bộ xóm Đồng Rằm bán việc mua bán ghế", body="Chi bộ họp bán.", seq=7),
        item(
            "huong-dan-so-tay",
            "Hướng dẫn dùng sổ tay đảng viên điện tử",
            kind=Kind.GUIDANCE,
            body="Cài đặt ứng dụng rồi đăng nhập bằng số điện thoại.",
            attachment_text="Bảng mã lỗi thường gặp khi quét khuôn mặt.",
            topics=(Topic(slug="to-chuc", name="Tổ chức"),),
            seq=8,
        ),
        item(
            "tin-xau",
            'Tin <script>alert("x")</script> về xâm nhập',
            body="<p>Kẻ gian gõ &lt;img src=x onerror=alert(1)&gt; vào ô xâm nhập.</p>",
            seq=9,
        ),
    ]
