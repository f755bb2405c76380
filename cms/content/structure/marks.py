"""What a line looks like: what it may open, and what ends a document."""

import re

from cms.content.structure.lines import is_capitals

# What a line may open -----------------------------------------------------------------------------

PART = re.compile(r"^(?:PHẦN|Phần)\s+((?:thứ|THỨ)\s+\w+|[IVXLC]+|\d+)(?:\s*[.:–-]\s*|\s+|$)(.*)$")
CHAPTER = re.compile(r"^(?:CHƯƠNG|Chương)\s+([IVXLC]+|\d+)(?:\s*[.:–-]\s*|\s+|$)(.*)$")
SECTION = re.compile(r"^(?:MỤC|Mục)\s+([IVXLC]+|\d+)(?:\s*[.:–-]\s*|\s+|$)(.*)$")
ARTICLE = re.compile(r"^(?:Điều|ĐIỀU)\s+(\d+[a-zđ]?)\s*((?:\[\d+\])?)\s*(?:[.:]\s*(.*)|)$")
ROMAN = re.compile(r"^([IVXL]+)\s*(?:\.|-|–|/|\))(?![IVXL\d])\s*(\S.*)$")
CAPITAL_LETTER = re.compile(r"^([A-H])\s*[.\-–]\s*(\S.*)$")
CLAUSE = re.compile(r"^(\d{1,3})([a-zđ]?)\s*[.\-–](?!\d)\s*(\S.*|)$")
SUBCLAUSE = re.compile(r"^(\d{1,3}(?:\.\d{1,3}){1,3})\.?\s+(\S.*)$")
POINT = re.compile(r"^([a-zđ])([1-9]?)\s*[).](?!\w)\s*(\S.*)$")
APPENDIX = re.compile(
    r"^(?:PHỤ LỤC|Phụ lục)(\s+(?:số\s+|SỐ\s+)?(?:[IVXLC]+|\d{1,2}[A-Za-z]?|[A-Z]))?(?![\w.]|\s*\d)\s*([.:–-]?)\s*(.*)$"
)
ATTACHED_TYPE = re.compile(
    r"^(QUY CHẾ|QUY ĐỊNH|QUY TRÌNH|QUY TẮC|QUY CHUẨN|ĐIỀU LỆ|NỘI QUY|KẾ HOẠCH|ĐỀ ÁN|CHƯƠNG TRÌNH|CHIẾN LƯỢC|DANH MỤC|"
    r"DANH SÁCH|PHƯƠNG ÁN|HƯỚNG DẪN|BỘ TIÊU CHÍ|ĐỊNH MỨC|BẢNG GIÁ)\b\s*(.*)$"
)
ATTACHED_NOTE = re.compile(r"^\(?\s*(?:được )?(?:ban hành )?kèm theo\b", re.IGNORECASE)
GLUED_NOTE = re.compile(r"\(\s*(?:ban hành |được ban hành )?kèm theo\b", re.IGNORECASE)
KNOWN_TITLE = re.compile(
    r"^(Phạm vi điều chỉnh và đối tượng áp dụng|Phạm vi điều chỉnh, đối tượng áp dụng|Phạm vi điều chỉnh|"
    r"Đối tượng áp dụng|Giải thích từ ngữ|Nguồn kinh phí thực hiện|Hiệu lực thi hành|Điều khoản thi hành|"
    r"Tổ chức thực hiện|Trách nhiệm thi hành)[.:]? (?=[^\W\d_a-zà-ỹđ])"
)
_OPENING = (PART, CHAPTER, SECTION, ARTICLE, ROMAN, CAPITAL_LETTER, CLAUSE, SUBCLAUSE, POINT)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}

# The end of a document ----------------------------------------------------------------------------

RECIPIENTS = re.compile(r"^(?:Nơi nhận|NƠI NHẬN)\s*:", re.IGNORECASE)
ADOPTED = re.compile(
    r"^(?:Luật|Pháp lệnh|Nghị quyết) này (?:được|đã được) .{0,200}thông qua ngày"
    r"|^(?:Nghị quyết|Chỉ thị|Kết luận|Quy định|Quyết định|Hướng dẫn|Kế hoạch|Thông báo) này (?:được )?phổ biến "
)
SIGNATURE = re.compile(
    r"^(?:T/M|TM\.?|K/T|KT\.?|T/L|TL\.?|TUQ\.?|Q\.)\s*[A-ZĐÀ-Ỹ]{2}"
    r"|^(?:PHÓ |QUYỀN )?(?:BÍ THƯ|CHỦ TỊCH|BỘ TRƯỞNG|THỨ TRƯỞNG|THỦ TƯỚNG|GIÁM ĐỐC|TỔNG GIÁM ĐỐC|CHÁNH VĂN PHÒNG|"
    r"TRƯỞNG BAN|CỤC TRƯỞNG|CHỦ NHIỆM|TỔNG KIỂM TOÁN|THỐNG ĐỐC|TỔNG BÍ THƯ|CHÁNH ÁN|VIỆN TRƯỞNG|TỔNG CỤC TRƯỞNG|"
    r"TRƯỞNG ĐOÀN|THƯỜNG TRỰC)\b"
)
FOOTNOTE = re.compile(r"^(?:\[\d+\]|\(\d+\)|\*|Ghi chú\b)")
OPENS_QUOTE = re.compile(r"^[“\"«]")
CLOSES_QUOTE = re.compile(r"[”\"»][.,;:/)]*$")
ENDS_SENTENCE = (".", ";", ",", "…", "?", "!", "./.")


def appendix(text: str) -> re.Match[str] | None:
    """What a line says that begins an appendix: its number, what stands after it, its title."""
    match = APPENDIX.match(text)
    if not match:
        return None
    if text.startswith("PHỤ LỤC") or not match[3] or (match[2] and match[1]) or match[2] == ":":
        return match
    return None


def opens_something(text: str) -> bool:
    """Whether a line looks as if it opened a provision, or the end of the document."""
    return any(pattern.match(text) for pattern in _OPENING) or bool(appendix(text) or RECIPIENTS.match(text))


def still_closing(line: str) -> bool:
    """After the signature come names and posts, one short line each, late recipients and footnotes."""
    if SIGNATURE.match(line) or FOOTNOTE.match(line) or RECIPIENTS.match(line) or line.startswith(("- ", "-")):
        return True
    words = line.split()
    return len(words) <= 6 and not is_capitals(line) and all(word[0].isupper() for word in words)


def split_note(text: str) -> tuple[str, str]:
    """A title and the remark "(Ban hành kèm theo …)" that was glued to it."""
    match = GLUED_NOTE.search(text)
    return (text[: match.start()].rstrip(), text[match.start() :]) if match else (text, "")


def ends_quote(text: str) -> bool:
    """Whether a quotation ends with this line; one that both opens and ends in it does not count."""
    closed = text.count("”") + text.count('"')
    return bool(CLOSES_QUOTE.search(text)) and text.count("“") < max(1, closed)


def roman_value(text: str) -> int | None:
    """The number a Roman numeral stands for, None when the letters are none (``IIX``)."""
    values = [_ROMAN_VALUES[letter] for letter in text]
    total = sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
    return total if _roman(total) == text else None


def _roman(number: int) -> str:
    signs = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    text = ""
    for value, sign in signs:
        count, number = divmod(number, value)
        text += sign * count
    return text
