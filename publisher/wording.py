"""The Vietnamese texts the publisher puts on pages itself: titles of lists, sections and notices."""

from contract.vocabulary import Kind

HOME_TITLE = "Trang chủ"
SEARCH_TITLE = "Tìm kiếm"
NOT_FOUND_TITLE = "Không tìm thấy trang"
GONE_TITLE = "Nội dung đã được gỡ bỏ"

SECTION_TITLES: dict[Kind, str] = {
    Kind.NEWS: "Tin tức",
    Kind.DOCUMENT: "Văn bản",
    Kind.GUIDANCE: "Hướng dẫn nghiệp vụ",
    Kind.UNIT: "Đơn vị",
}
SECTION_INTROS: dict[Kind, str] = {
    Kind.NEWS: "Tin tức của các cấp ủy và tổ chức đảng.",
    Kind.DOCUMENT: "Nghị quyết, chỉ thị, quy định, kết luận và các văn bản khác.",
    Kind.GUIDANCE: "Hướng dẫn nghiệp vụ công tác đảng.",
    Kind.UNIT: "Các tổ chức đảng có trang riêng.",
}
FILTER_TYPES = "Loại văn bản"
FILTER_YEARS = "Năm"
FILTER_TOPICS = "Chủ đề"


def year_title(section: str, year: int) -> str:
    """``Văn bản năm 2026``."""
    return f"{section} năm {year}"


def topic_title(name: str) -> str:
    """``Chủ đề: Tổ chức``."""
    return f"{FILTER_TOPICS}: {name}"
