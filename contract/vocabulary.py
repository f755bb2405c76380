"""The closed lists of the domain: document types, relation verbs with their inverses, statuses, kinds of provisions and
of search terms.

Labels are the official Vietnamese terms and part of the data, so they are not translated.
"""

from dataclasses import dataclass
from enum import StrEnum

from contract.folding import fold


class Kind(StrEnum):
    """What an item is."""

    NEWS = "news"
    DOCUMENT = "document"
    GUIDANCE = "guidance"
    UNIT = "unit"
    PAGE = "page"


class Audience(StrEnum):
    """Who may read an item."""

    PUBLIC = "public"
    MEMBERS = "members"


@dataclass(frozen=True)
class DocumentType:
    """A type of official document; `codes` are the abbreviations its numbers carry (NQ in 18-NQ/TW)."""

    slug: str
    name: str
    codes: tuple[str, ...] = ()


# Decree 30/2020/NĐ-CP, annex III, and Party guidance 36-HD/VPTW list the types and their abbreviations. Quyết định and
# Quy định share QĐ: a number does not tell the type, so the type is stored.
DOCUMENT_TYPES: tuple[DocumentType, ...] = (
    DocumentType("nghi-quyet", "Nghị quyết", ("NQ",)),
    DocumentType("chi-thi", "Chỉ thị", ("CT",)),
    DocumentType("ket-luan", "Kết luận", ("KL",)),
    DocumentType("quy-dinh", "Quy định", ("QĐ", "QĐi")),
    DocumentType("quyet-dinh", "Quyết định", ("QĐ",)),
    DocumentType("quy-che", "Quy chế", ("QC",)),
    DocumentType("quy-chuan", "Quy chuẩn", ("QCVN",)),
    DocumentType("dieu-le", "Điều lệ", ("ĐL",)),
    DocumentType("thong-tri", "Thông tri", ("TTr", "TT")),
    DocumentType("huong-dan", "Hướng dẫn", ("HD",)),
    DocumentType("ke-hoach", "Kế hoạch", ("KH",)),
    DocumentType("chuong-trinh", "Chương trình", ("CTr",)),
    DocumentType("de-an", "Đề án", ("ĐA",)),
    DocumentType("bao-cao", "Báo cáo", ("BC",)),
    DocumentType("to-trinh", "Tờ trình", ("TTr",)),
    DocumentType("thong-bao", "Thông báo", ("TB",)),
    DocumentType("cong-van", "Công văn", ("CV",)),
    DocumentType("cong-dien", "Công điện", ("CĐ",)),
    DocumentType("luat", "Luật", ("L",)),
    DocumentType("phap-lenh", "Pháp lệnh", ("PL",)),
    DocumentType("nghi-dinh", "Nghị định", ("NĐ",)),
    DocumentType("thong-tu", "Thông tư", ("TT",)),
    DocumentType("van-ban-hop-nhat", "Văn bản hợp nhất", ("VBHN",)),
    DocumentType("khac", "Văn bản khác"),
)
DOCUMENT_TYPE_BY_SLUG = {t.slug: t for t in DOCUMENT_TYPES}
_TYPE_BY_FOLDED_NAME = {fold(t.name): t for t in DOCUMENT_TYPES}


def document_type_named(name: str) -> DocumentType | None:
    """Find a type by its name, diacritics and case optional: ``nghi quyet`` gives Nghị quyết."""
    return _TYPE_BY_FOLDED_NAME.get(" ".join(fold(name).split()))


class Verb(StrEnum):
    """How one document relates to another, seen from the newer one."""

    AMENDS = "amends"
    REPLACES = "replaces"
    REPEALS = "repeals"
    GUIDES = "guides"
    BASED_ON = "based_on"
    CITES = "cites"


@dataclass(frozen=True)
class VerbTerms:
    """How a relation reads on the page of the document that has it, and on the page of the one it points to."""

    inverse: str
    label: str
    inverse_label: str


VERB_TERMS: dict[Verb, VerbTerms] = {
    Verb.AMENDS: VerbTerms("amended_by", "Sửa đổi, bổ sung", "Được sửa đổi, bổ sung bởi"),
    Verb.REPLACES: VerbTerms("replaced_by", "Thay thế", "Được thay thế bởi"),
    Verb.REPEALS: VerbTerms("repealed_by", "Bãi bỏ", "Bị bãi bỏ bởi"),
    Verb.GUIDES: VerbTerms("guided_by", "Hướng dẫn thực hiện", "Được hướng dẫn bởi"),
    Verb.BASED_ON: VerbTerms("basis_of", "Căn cứ", "Là căn cứ của"),
    Verb.CITES: VerbTerms("cited_by", "Dẫn chiếu", "Được dẫn chiếu bởi"),
}


class Status(StrEnum):
    """Validity of a document on a given day. Derived by the publisher, never stored in a snapshot."""

    IN_FORCE = "in_force"
    AMENDED = "amended"
    PENDING = "pending"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REPEALED = "repealed"


STATUS_LABELS: dict[Status, str] = {
    Status.IN_FORCE: "Còn hiệu lực",
    Status.AMENDED: "Còn hiệu lực, đã được sửa đổi, bổ sung",
    Status.PENDING: "Chưa có hiệu lực",
    Status.EXPIRED: "Hết hiệu lực",
    Status.REPLACED: "Đã được thay thế",
    Status.REPEALED: "Đã bị bãi bỏ",
}


# Levels of Party organisation since 2025: province, commune or ward, branch.
LEVEL_LABELS: dict[int, str] = {1: "Cấp tỉnh", 2: "Cấp xã", 3: "Chi bộ"}


class ProvisionKind(StrEnum):
    """Levels of structure, outermost first. Resolutions use SECTION (I), CLAUSE (1), SUBCLAUSE (1.1)."""

    PART = "phan"
    CHAPTER = "chuong"
    SECTION = "muc"
    ARTICLE = "dieu"
    CLAUSE = "khoan"
    SUBCLAUSE = "tieu-khoan"
    POINT = "diem"
    APPENDIX = "phu-luc"
    CLOSING = "phan-ket"  # signature and recipients, after the last provision


class TermKind(StrEnum):
    """What the search box learns from a term."""

    ABBREVIATION = "abbreviation"
    SYNONYM = "synonym"
    ALIAS = "alias"
    QUERY = "query"


TERM_KIND_LABELS: dict[TermKind, str] = {
    TermKind.ABBREVIATION: "Từ viết tắt",
    TermKind.SYNONYM: "Từ đồng nghĩa",
    TermKind.ALIAS: "Tên gọi khác của văn bản",
    TermKind.QUERY: "Câu tìm kiếm gợi ý",
}
