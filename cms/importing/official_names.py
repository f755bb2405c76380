"""Spelling of names in official titles: capitals a crawler or a letterhead put everywhere are taken back.

Rules: the first word of a name keeps its capital, so do the words after "và" or a comma in the name of a ministry or a
committee, and names of places and of the highest bodies.
"""

import re

from contract.folding import fold
from contract.normalising import normalise_line

_PROPER_NAMES = (
    "Đảng Cộng sản Việt Nam", "Đảng", "Ban Chấp hành Trung ương", "Bộ Chính trị", "Ban Bí thư", "Ban Thường vụ",
    "Trung ương", "Quốc hội", "Chính phủ", "Thủ tướng", "Chủ tịch nước", "Nhà nước", "Nhân dân", "Tổng Bí thư",
    "Mặt trận Tổ quốc", "Đoàn Thanh niên Cộng sản Hồ Chí Minh", "Hồ Chí Minh", "Tỉnh ủy", "Thành ủy", "Đảng ủy",
    "Việt Nam", "Hội Cựu chiến binh", "Liên đoàn Lao động",
)  # fmt: skip
_BODIES = (
    "Ủy ban nhân dân", "Hội đồng nhân dân", "Ủy ban Thường vụ Quốc hội", "Văn phòng Chính phủ", "Văn phòng Quốc hội",
    "Thủ tướng Chính phủ", "Ban Tuyên giáo và Dân vận", "Ban Tổ chức", "Ban Nội chính", "Ủy ban Kiểm tra",
    "Ban Chính sách, chiến lược", "Văn phòng", "Bộ Chính trị", "Ban Bí thư", "Cục Thuế", "Cục Hải quan",
    "Tòa án nhân dân tối cao", "Viện kiểm sát nhân dân tối cao", "Kiểm toán nhà nước", "Bảo hiểm xã hội Việt Nam",
    "Ngân hàng Nhà nước Việt Nam", "Đại hội đại biểu toàn quốc", "Trung tâm Phục vụ hành chính công",
)  # fmt: skip
_PLACES = (
    "An Giang", "Bà Rịa", "Vũng Tàu", "Bắc Giang", "Bắc Kạn", "Bạc Liêu", "Bắc Ninh", "Bến Tre", "Bình Định",
    "Bình Dương", "Bình Phước", "Bình Thuận", "Cà Mau", "Cần Thơ", "Cao Bằng", "Đà Nẵng", "Đắk Lắk", "Đắk Nông",
    "Điện Biên", "Đồng Nai", "Đồng Tháp", "Gia Lai", "Hà Giang", "Hà Nam", "Hà Nội", "Hà Tĩnh", "Hải Dương",
    "Hải Phòng", "Hậu Giang", "Hòa Bình", "Huế", "Hưng Yên", "Khánh Hòa", "Kiên Giang", "Kon Tum", "Lai Châu",
    "Lâm Đồng", "Lạng Sơn", "Lào Cai", "Long An", "Nam Định", "Nghệ An", "Ninh Bình", "Ninh Thuận", "Phú Thọ",
    "Phú Yên", "Quảng Bình", "Quảng Nam", "Quảng Ngãi", "Quảng Ninh", "Quảng Trị", "Sóc Trăng", "Sơn La", "Tây Ninh",
    "Thái Bình", "Thái Nguyên", "Thanh Hóa", "Tiền Giang", "Trà Vinh", "Tuyên Quang", "Vĩnh Long", "Vĩnh Phúc",
    "Yên Bái", "Cồn Cỏ",
)  # fmt: skip
_ABBREVIATIONS = frozenset(
    {
        "UBND", "HĐND", "MTTQ", "UBMTTQ", "TW", "TTHC", "CNTT", "BHXH", "BHYT", "ĐVHC", "CQĐP",
        "QPPL", "ODA", "FDI", "GDP", "OCOP", "ASEAN", "PCCC", "TP",
    }
)  # fmt: skip
_SPELLING = {fold(name): name for name in (*_PROPER_NAMES, *_BODIES, *_PLACES)}
_NAMES = re.compile(
    r"\b(?:" + "|".join(sorted((re.escape(name) for name in _SPELLING.values()), key=len, reverse=True)) + r")\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"^[IVX]+$")
_ROMAN_WORD = re.compile(r"^X{0,3}(?:IX|IV|V?I{1,3})$", re.IGNORECASE)
_AFTER_JOINT = re.compile(r"(, | và )([^\W\d_])")
_MANY_PARTS = re.compile(r"^(?:Bộ|Sở|Ban)\b")


def tidy_title(text: str) -> str:
    """A title in sentence case: capitals throughout are lowered, numbers, abbreviations and proper names kept."""
    title = normalise_line(text).strip('“”" .;')
    letters = [c for c in title if c.isalpha()]
    if not letters or sum(c.isupper() for c in letters) < 0.7 * len(letters):
        return title
    return _capitalised(_proper_names(" ".join(_lowered(word) for word in title.split())))


def tidy_issuer(text: str, number: str | None = None) -> str:
    """The issuer as it is officially spelt; ``Tỉnh Bắc Ninh`` on a ``…/QĐ-UBND`` is its Ủy ban nhân dân."""
    name = normalise_line(text)
    central = re.match(r"^Ban Chấp hành Trung ương\s+(\S.*)$", name, re.IGNORECASE)
    if central:
        body = tidy_issuer(central[1])
        return "Văn phòng Trung ương Đảng" if fold(body) == "van phong" else f"{body} Trung ương"
    if all(word[0].isupper() for word in name.split() if word[0].isalpha()) and len(name.split()) > 2:
        words = (w.upper() if w.upper() in _ABBREVIATIONS or _ROMAN_WORD.match(w) else w.lower() for w in name.split())
        name = " ".join(words)
        name = _capitalised(_proper_names(name))
        if _MANY_PARTS.match(name):
            name = _AFTER_JOINT.sub(lambda m: m[1] + m[2].upper(), name)
            name = re.sub(r"^(Bộ|Sở|Ban) (\S)", lambda m: f"{m[1]} {m[2].upper()}", name)
    place = re.match(r"^(tỉnh|thành phố)\s+(\S.*)$", name, re.IGNORECASE)
    if place and number:
        for code, body in (("UBND", "Ủy ban nhân dân"), ("HĐND", "Hội đồng nhân dân")):
            if code in number.upper():
                return f"{body} {place[1].lower()} {place[2]}"
    return name


def _lowered(word: str) -> str:
    core = word.strip('(),.;:“”"')
    if any(c.isdigit() for c in core) or core in _ABBREVIATIONS or (_ROMAN.match(core) and core not in ("I", "V")):
        return word
    if any(sign in core for sign in "/") or ("-" in core and core.replace("-", "").isupper() and len(core) <= 6):
        return word
    return word.lower()


def _proper_names(text: str) -> str:
    return _NAMES.sub(lambda m: _SPELLING[fold(m.group())], text)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
