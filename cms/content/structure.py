"""Reads the plain text of an official document into preamble, provisions and closing.

A document is a sequence of lines. Each line either opens a provision (Chương II, Điều 5, ``1.``, ``a)``, ``II.``,
``1.1.``, Phụ lục) or belongs to the one that is open. Three rules keep look-alikes out:

* numbering must go on (khoản 3 opens only after khoản 2), so rows of flattened tables stay text;
* what stands in quotation marks is the new wording of another document and belongs to the clause that quotes it;
* the block of recipients and signature ends the document; what follows it is an attachment with anchors of its own.

No text is lost: every word is in the preamble, a label, a heading, a body or the closing.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from contract.models import Provision
from contract.normalising import normalise
from contract.slugs import slugify, unique_slug
from contract.vocabulary import ProvisionKind

MAX_HEADING = 400
"""Longest real title of an article in the documents we read; a longer line is a paragraph."""

_MAX_CLAUSE_HEADING = 200
_MAX_LEAD_IN = 120
_MAX_TITLE = 1600
_MOST_TITLE_LINES = 6
_FEWEST_ATTACHED_LINES = 3
_MAX_ANCHOR = 200
_LETTERS = "abcdđefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class ParsedDocument:
    """A document taken apart. The three HTML parts hold paragraphs only and are safe to show.

    `closing_html` is the block that ends the document proper: who gets it and who signed it. Attachments (Quy chế,
    Phụ lục) follow it on paper but are provisions here.
    """

    preamble_html: str
    provisions: tuple[Provision, ...]
    closing_html: str = ""


def parse_structure(text: str) -> ParsedDocument:
    """Take the text of a document apart, in time linear in its length. Text without structure is all preamble."""
    lines = _lines_of(normalise(text))
    reader = _Reader(lines)
    reader.read()
    provisions = tuple(node.provision() for node in reader.nodes)
    return ParsedDocument(_paragraphs(reader.preamble), provisions, _paragraphs(reader.closing))


# Lines --------------------------------------------------------------------------------

_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\s*\1")
_MARKDOWN_HEADING = re.compile(r"^(?:(#{1,6})\s+)+")
_BROKEN_ARTICLE = re.compile(r"^\W*(?:Điều|ĐIỀU)$")
_STARTS_WITH_NUMBER = re.compile(r"^\d+[a-zđ]?\s*(?:[.:]|$)")
_GLUED_ARTICLE = re.compile(r"(?<=[.:;]) (?=Điều 1\. [^\W\d_])")
_GLUED_PREAMBLE = re.compile(
    r"(?<=[;,.]) (?=(?:Căn cứ|Theo đề nghị|Xét đề nghị|Xét Tờ trình|Thực hiện)\b)"
    r"| (?=QUYẾT (?:ĐỊNH|NGHỊ)\s*:)"
)


@dataclass(frozen=True)
class _Line:
    text: str
    markdown: int = 0
    """Depth of a Markdown heading the crawler left, 0 for none."""


def _lines_of(text: str) -> list[_Line]:
    lines: list[_Line] = []
    raw = (" ".join(_EMPHASIS.sub(r"\2", line).split()) for line in text.split("\n"))
    joined = _join_broken(line for line in raw if line)
    for line in joined:
        heading = _MARKDOWN_HEADING.match(line)
        depth = len(heading.group(1)) if heading else 0
        bare = line[heading.end() :] if heading else line
        lines.extend(_Line(piece, depth) for piece in _GLUED_ARTICLE.split(bare) if piece)
    return lines


def _join_broken(lines: Iterator[str]) -> Iterator[str]:
    """Put "Điều" and the number that a crawler left on the next line together again."""
    waiting = ""
    for line in lines:
        if waiting:
            if _STARTS_WITH_NUMBER.match(line):
                yield f"{waiting} {line}"
                waiting = ""
                continue
            yield waiting
            waiting = ""
        if _BROKEN_ARTICLE.match(line):
            waiting = line
        else:
            yield line
    if waiting:
        yield waiting


def _paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in lines)


def _is_capitals(text: str) -> bool:
    return text.isupper() and sum(c.isalpha() for c in text) > 1


# What a line may open -----------------------------------------------------------------------------

_PART = re.compile(r"^(?:PHẦN|Phần)\s+((?:thứ|THỨ)\s+\w+|[IVXLC]+|\d+)(?:\s*[.:–-]\s*|\s+|$)(.*)$")
_CHAPTER = re.compile(r"^(?:CHƯƠNG|Chương)\s+([IVXLC]+|\d+)(?:\s*[.:–-]\s*|\s+|$)(.*)$")
_SECTION = re.compile(r"^(?:MỤC|Mục)\s+([IVXLC]+|\d+)(?:\s*[.:–-]\s*|\s+|$)(.*)$")
_ARTICLE = re.compile(r"^(?:Điều|ĐIỀU)\s+(\d+[a-zđ]?)\s*((?:\[\d+\])?)\s*(?:[.:]\s*(.*)|)$")
_ROMAN = re.compile(r"^([IVXL]+)\s*(?:\.|-|–|/|\))(?![IVXL\d])\s*(\S.*)$")
_CAPITAL_LETTER = re.compile(r"^([A-H])\s*[.\-–]\s*(\S.*)$")
_CLAUSE = re.compile(r"^(\d{1,3})([a-zđ]?)\s*[.\-–](?!\d)\s*(\S.*|)$")
_SUBCLAUSE = re.compile(r"^(\d{1,3}(?:\.\d{1,3}){1,3})\.?\s+(\S.*)$")
_POINT = re.compile(r"^([a-zđ])([1-9]?)\s*[).](?!\w)\s*(\S.*)$")
_APPENDIX = re.compile(
    r"^(?:PHỤ LỤC|Phụ lục)(\s+(?:số\s+|SỐ\s+)?(?:[IVXLC]+|\d{1,2}[A-Za-z]?|[A-Z]))?(?![\w.]|\s*\d)\s*([.:–-]?)\s*(.*)$"
)
_ATTACHED_TYPE = re.compile(
    r"^(QUY CHẾ|QUY ĐỊNH|QUY TRÌNH|QUY TẮC|QUY CHUẨN|ĐIỀU LỆ|NỘI QUY|KẾ HOẠCH|ĐỀ ÁN|CHƯƠNG TRÌNH|CHIẾN LƯỢC|DANH MỤC|"
    r"DANH SÁCH|PHƯƠNG ÁN|HƯỚNG DẪN|BỘ TIÊU CHÍ|ĐỊNH MỨC|BẢNG GIÁ)\b\s*(.*)$"
)
_ATTACHED_NOTE = re.compile(r"^\(?\s*(?:được )?(?:ban hành )?kèm theo\b", re.IGNORECASE)
_GLUED_NOTE = re.compile(r"\(\s*(?:ban hành |được ban hành )?kèm theo\b", re.IGNORECASE)
_KNOWN_TITLE = re.compile(
    r"^(Phạm vi điều chỉnh và đối tượng áp dụng|Phạm vi điều chỉnh, đối tượng áp dụng|Phạm vi điều chỉnh|"
    r"Đối tượng áp dụng|Giải thích từ ngữ|Nguồn kinh phí thực hiện|Hiệu lực thi hành|Điều khoản thi hành|"
    r"Tổ chức thực hiện|Trách nhiệm thi hành)[.:]? (?=[^\W\d_a-zà-ỹđ])"
)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}

# The end of a document ----------------------------------------------------------------------------

_RECIPIENTS = re.compile(r"^(?:Nơi nhận|NƠI NHẬN)\s*:", re.IGNORECASE)
_ADOPTED = re.compile(
    r"^(?:Luật|Pháp lệnh|Nghị quyết) này (?:được|đã được) .{0,200}thông qua ngày"
    r"|^(?:Nghị quyết|Chỉ thị|Kết luận|Quy định|Quyết định|Hướng dẫn|Kế hoạch|Thông báo) này (?:được )?phổ biến "
)
_SIGNATURE = re.compile(
    r"^(?:T/M|TM\.?|K/T|KT\.?|T/L|TL\.?|TUQ\.?|Q\.)\s*[A-ZĐÀ-Ỹ]{2}"
    r"|^(?:PHÓ |QUYỀN )?(?:BÍ THƯ|CHỦ TỊCH|BỘ TRƯỞNG|THỨ TRƯỞNG|THỦ TƯỚNG|GIÁM ĐỐC|TỔNG GIÁM ĐỐC|CHÁNH VĂN PHÒNG|"
    r"TRƯỞNG BAN|CỤC TRƯỞNG|CHỦ NHIỆM|TỔNG KIỂM TOÁN|THỐNG ĐỐC|TỔNG BÍ THƯ|CHÁNH ÁN|VIỆN TRƯỞNG|TỔNG CỤC TRƯỞNG|"
    r"TRƯỞNG ĐOÀN|THƯỜNG TRỰC)\b"
)
_FOOTNOTE = re.compile(r"^(?:\[\d+\]|\(\d+\)|\*|Ghi chú\b)")
_OPENS_QUOTE = re.compile(r"^[“\"«]")
_CLOSES_QUOTE = re.compile(r"[”\"»][.,;:/)]*$")
_ENDS_SENTENCE = (".", ";", ",", "…", "?", "!", "./.")


@dataclass
class _Node:
    """A provision being read. `rank` orders the levels, outermost lowest; `counts` says how far its children are."""

    kind: ProvisionKind
    rank: int
    label: str
    anchor: str
    parent: "_Node | None"
    heading: str = ""
    body: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def provision(self) -> Provision:
        return Provision(
            anchor=self.anchor,
            kind=self.kind,
            label=self.label,
            heading=self.heading,
            parent=self.parent.anchor if self.parent else None,
            body=_paragraphs(self.body),
        )


_RANK_APPENDIX, _RANK_PART, _RANK_CHAPTER, _RANK_SECTION, _RANK_ARTICLE = 0, 10, 20, 30, 40
_RANK_ROMAN_IN_ARTICLE, _RANK_CLAUSE, _RANK_SUBCLAUSE, _RANK_POINT = 45, 50, 60, 70


class _Reader:
    """Walks over the lines once and builds the nodes."""

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.preamble: list[str] = []
        self.closing: list[str] = []
        self.nodes: list[_Node] = []
        self._position = 0
        self._quote_ends = 0
        self._open: list[_Node] = []
        self._root_counts: dict[str, int] = {}
        self._anchors: set[str] = set()
        self._article_seen = False

    def read(self) -> None:
        while self._position < len(self.lines):
            line = self.lines[self._position]
            if (
                self._position < self._quote_ends
                or self._starts_quote(line.text)
                or (
                    not self._open_attachment(line.text)
                    and not self._read_closing(line.text)
                    and not self._open_any(line)
                )
            ):
                self._add(line.text)
            self._position += 1

    # Text that opens nothing

    def _add(self, text: str) -> None:
        if self._open:
            self._open[-1].body.append(text)
        else:
            self.preamble.extend(_GLUED_PREAMBLE.split(text))

    def _starts_quote(self, text: str) -> bool:
        """Whether the line opens a quotation; then remember where it ends.

        A quotation whose end is missing covers its first line only: the search for the end stops at the next opening
        mark or where the quoting document's own next article begins, which also keeps the reading linear.
        """
        if not _OPENS_QUOTE.match(text) or not self._open:
            return False
        self._quote_ends = self._position + 1
        if _CLOSES_QUOTE.search(text[1:]):
            return True
        article = self._current(ProvisionKind.ARTICLE)
        number = article.counts["number"] if article else 0
        goes_on = "\0" if _ARTICLE.match(text[1:].lstrip()) else f"Điều {number + 1}."
        for index in range(self._position + 1, len(self.lines)):
            candidate = self.lines[index].text
            if (_OPENS_QUOTE.match(candidate) and not _CLOSES_QUOTE.fullmatch(candidate)) or candidate.startswith(
                goes_on
            ):
                break
            if _ends_quote(candidate):
                self._quote_ends = index + 1
                break
        return True

    # The end of the document and what is attached to it

    def _read_closing(self, text: str) -> bool:
        """Take recipients, signature and their footnotes out of the text; only the document proper has a closing."""
        if self.closing or self._in_attachment() or not self._starts_closing(text):
            return False
        signed = False
        index = self._position
        while index < len(self.lines):
            line = self.lines[index].text
            if self.closing and (self._is_attachment(index) or (signed and not self._still_closing(line))):
                break
            self.closing.append(line)
            signed = signed or bool(_SIGNATURE.match(line))
            index += 1
        self._open.clear()
        self._position = index - 1
        if index < len(self.lines) and not self._is_attachment(index):
            self._read_after_closing(index)
        return True

    def _starts_closing(self, text: str) -> bool:
        if _RECIPIENTS.match(text) or _ADOPTED.match(text):
            return True
        return bool(self.nodes and _SIGNATURE.match(text) and text[:12].isupper() and len(text) < MAX_HEADING)

    @staticmethod
    def _still_closing(line: str) -> bool:
        """After the signature come names and posts, one short line each, late recipients and footnotes."""
        if _SIGNATURE.match(line) or _FOOTNOTE.match(line) or _RECIPIENTS.match(line) or line.startswith(("- ", "-")):
            return True
        words = line.split()
        return len(words) <= 6 and not _is_capitals(line) and all(word[0].isupper() for word in words)

    def _in_attachment(self) -> bool:
        return bool(self._open and self._open[0].kind is ProvisionKind.APPENDIX)

    def _is_attachment(self, index: int) -> bool:
        text = self.lines[index].text
        if self._appendix(text):
            return True
        if not _ATTACHED_TYPE.match(text) or not _is_capitals(_split_note(text)[0]):
            return False
        following = (line.text for line in self.lines[index + 1 : index + 7])
        return bool(self.closing) or any(_ATTACHED_NOTE.match(line) for line in following)

    @staticmethod
    def _appendix(text: str) -> re.Match[str] | None:
        match = _APPENDIX.match(text)
        if not match:
            return None
        if text.startswith("PHỤ LỤC") or not match[3] or (match[2] and match[1]) or match[2] == ":":
            return match
        return None

    def _open_attachment(self, text: str) -> bool:
        if not (self.nodes or self.closing or self._appendix(text)) or not self._is_attachment(self._position):
            return False
        if match := self._appendix(text):
            self._begin_attachment(f"Phụ lục{(match[1] or '').replace('SỐ', 'số')}", match[3])
        else:
            typed = _ATTACHED_TYPE.match(text)
            assert typed is not None
            self._begin_attachment(typed[1].capitalize(), typed[2])
        return True

    def _read_after_closing(self, index: int) -> None:
        """What stands after the signature without a name: an attachment, or a line or two the web page added."""
        if len(self.lines) - index < _FEWEST_ATTACHED_LINES:
            self.closing.extend(line.text for line in self.lines[index:])
            self._position = len(self.lines)
            return
        self._begin_attachment("Văn bản kèm theo", "")

    def _begin_attachment(self, label: str, heading: str) -> None:
        self._open.clear()
        self._article_seen = False
        node = self._push(ProvisionKind.APPENDIX, _RANK_APPENDIX, label, slugify(label))
        self._take_title(node, heading)

    # Levels of structure

    def _open_any(self, line: _Line) -> bool:
        text = line.text
        return (
            self._open_division(text)
            or self._open_article(text)
            or self._open_roman(text)
            or self._open_capital_letter(text)
            or self._open_subclause(text)
            or self._open_clause(text)
            or self._open_point(text)
            or self._open_markdown_section(line)
        )

    def _open_division(self, text: str) -> bool:
        for pattern, kind, rank, name in (
            (_PART, ProvisionKind.PART, _RANK_PART, "Phần"),
            (_CHAPTER, ProvisionKind.CHAPTER, _RANK_CHAPTER, "Chương"),
            (_SECTION, ProvisionKind.SECTION, _RANK_SECTION, "Mục"),
        ):
            match = pattern.match(text)
            if not match:
                continue
            rest = match[2]
            punctuated = text[match.end(1) :].lstrip()[:1] in (".", ":", "–", "-")
            if rest and not _is_capitals(rest) and not punctuated:
                return False
            label = f"{name} {match[1].lower() if kind is ProvisionKind.PART and ' ' in match[1] else match[1]}"
            parent = self._pop_to(rank)
            prefix = parent.anchor if parent and kind is ProvisionKind.SECTION else self._scope()
            node = self._push(kind, rank, label, self._join(prefix, slugify(label)))
            self._take_title(node, rest)
            return True
        return False

    def _open_article(self, text: str) -> bool:
        match = _ARTICLE.match(text)
        if not match or (match[3] or "").startswith(".."):
            return False
        self._pop_to(_RANK_ARTICLE)
        anchor = self._join(self._scope(), f"dieu-{slugify(match[1].lstrip('0')) or '0'}")
        node = self._push(ProvisionKind.ARTICLE, _RANK_ARTICLE, f"Điều {match[1]}", anchor)
        self._article_seen = True
        node.counts["number"] = int(re.sub(r"\D", "", match[1]))
        title = f"{match[2]} {match[3] or ''}".strip()
        if known := _KNOWN_TITLE.match(title):
            node.heading = known[1]
            node.body.append(title[known.end() :])
        else:
            self._set_heading(node, title)
        return True

    def _open_roman(self, text: str) -> bool:
        match = _ROMAN.match(text)
        value = _roman_value(match[1]) if match else None
        if not match or value is None:
            return False
        in_article = self._current(ProvisionKind.ARTICLE) is not None and not self._count("roman-above")
        rank = _RANK_ROMAN_IN_ARTICLE if in_article else _RANK_SECTION
        parent = self._parent_for(rank)
        counts = parent.counts if parent else self._root_counts
        if not counts.get("roman", 0) < value <= counts.get("roman", 0) + 2:
            return False
        if not counts.get("roman") and value != 1:
            return False
        counts["roman"] = value
        if not in_article:
            self._scope_counts()["roman-above"] = 1
        self._pop_to(rank)
        prefix = parent.anchor if parent else ""
        node = self._push(ProvisionKind.SECTION, rank, match[1], self._join(prefix, f"muc-{match[1].lower()}"))
        self._set_heading(node, match[2])
        return True

    def _open_capital_letter(self, text: str) -> bool:
        match = _CAPITAL_LETTER.match(text)
        if not match or len(match[2]) > _MAX_CLAUSE_HEADING or match[2].endswith(_ENDS_SENTENCE):
            return False
        if self._current(ProvisionKind.ARTICLE):
            return False
        parent = self._parent_for(_RANK_PART)
        if not self._advance(parent, "letter", ord(match[1]) - ord("A") + 1, gap=1):
            return False
        self._pop_to(_RANK_PART)
        node = self._push(
            ProvisionKind.PART, _RANK_PART, match[1], self._join(self._scope(), f"phan-{match[1].lower()}")
        )
        self._set_heading(node, match[2])
        return True

    def _open_clause(self, text: str) -> bool:
        match = _CLAUSE.match(text)
        if not match:
            return False
        parent = self._parent_for(_RANK_CLAUSE)
        number, suffix = int(match[1]), match[2]
        if suffix:
            if (parent.counts if parent else self._root_counts).get("clause", 0) != number:
                return False
        elif not self._advance(parent, "clause", number, gap=3):
            return False
        self._pop_to(_RANK_CLAUSE)
        shown = f"{match[1]}{suffix}"
        name = slugify(f"{number}{suffix}")
        in_article = parent is not None and parent.kind is ProvisionKind.ARTICLE
        if parent is None or parent.kind is ProvisionKind.APPENDIX:
            tail = f"muc-{name}"
        else:
            tail = f"khoan-{name}" if in_article else name
        anchor = self._join(parent.anchor if parent else "", tail)
        node = self._push(ProvisionKind.CLAUSE, _RANK_CLAUSE, f"Khoản {shown}" if in_article else shown, anchor)
        node.counts["number"] = number
        self._set_heading(node, match[3], longest=_MAX_CLAUSE_HEADING, colon=not in_article)
        return True

    def _open_subclause(self, text: str) -> bool:
        match = _SUBCLAUSE.match(text)
        if not match:
            return False
        numbers = match[1].split(".")
        rank = _RANK_SUBCLAUSE + len(numbers) - 2
        parent = self._parent_for(rank)
        path = parent.counts.get("number") if parent else None
        expected = ".".join(numbers[:-1])
        if parent is None or path is None or (parent.label.removeprefix("Khoản ").lstrip("0") != expected):
            return False
        if not self._advance(parent, "subclause", int(numbers[-1]), gap=2):
            return False
        self._pop_to(rank)
        node = self._push(ProvisionKind.SUBCLAUSE, rank, match[1], self._join(parent.anchor, numbers[-1]))
        node.counts["number"] = int(numbers[-1])
        self._set_heading(node, match[2], longest=_MAX_CLAUSE_HEADING, colon=False)
        return True

    def _open_point(self, text: str) -> bool:
        match = _POINT.match(text)
        if not match or not self._open:
            return False
        parent = self._parent_for(_RANK_POINT)
        if parent is None:
            return False
        letter, suffix = match[1], match[2]
        place = _LETTERS.index(letter) + 1
        if suffix:
            if parent.counts.get("point", 0) != place:
                return False
        elif not self._advance(parent, "point", place, gap=3):
            return False
        self._pop_to(_RANK_POINT)
        tail = ("dd" if letter == "đ" else letter) + suffix
        node = self._push(
            ProvisionKind.POINT, _RANK_POINT, f"Điểm {letter}{suffix}", self._join(parent.anchor, f"diem-{tail}")
        )
        node.body.append(match[3])
        return True

    def _open_markdown_section(self, line: _Line) -> bool:
        """A heading of the page the text was taken from divides it when it has no number of its own."""
        if line.markdown < 2 or self._article_seen or not line.text[0].isalpha() or len(line.text) > MAX_HEADING:
            return False
        self._pop_to(_RANK_SECTION)
        tail = f"muc-{slugify(line.text, 40)}".rstrip("-")
        self._push(ProvisionKind.SECTION, _RANK_SECTION, line.text, self._join(self._scope(), tail))
        return True

    # Where a line stands

    def _scope(self) -> str:
        """Anchor of the attachment around; articles of the document proper have none."""
        return self._open[0].anchor if self._in_attachment() else ""

    def _scope_counts(self) -> dict[str, int]:
        return self._open[0].counts if self._in_attachment() else self._root_counts

    def _count(self, name: str) -> int:
        return self._scope_counts().get(name, 0)

    def _current(self, kind: ProvisionKind) -> _Node | None:
        return next((node for node in reversed(self._open) if node.kind is kind), None)

    def _parent_for(self, rank: int) -> _Node | None:
        return next((node for node in reversed(self._open) if node.rank < rank), None)

    def _pop_to(self, rank: int) -> _Node | None:
        while self._open and self._open[-1].rank >= rank:
            self._open.pop()
        return self._open[-1] if self._open else None

    def _advance(self, parent: _Node | None, name: str, value: int, gap: int) -> bool:
        """Whether `value` goes on with the numbering of `parent`; a few may be missing, the first may not."""
        counts = parent.counts if parent else self._root_counts
        last = counts.get(name, 0)
        if not last < value <= (last + gap if last else 1):
            return False
        counts[name] = value
        return True

    def _push(self, kind: ProvisionKind, rank: int, label: str, anchor: str) -> _Node:
        parent = self._open[-1] if self._open else None
        if anchor in self._anchors and parent and not anchor.startswith(f"{parent.anchor}-"):
            anchor = self._join(parent.anchor, anchor.removeprefix(f"{self._scope()}-"))
        anchor = unique_slug(anchor, self._anchors, _MAX_ANCHOR)
        self._anchors.add(anchor)
        node = _Node(kind, rank, label, anchor, parent)
        self.nodes.append(node)
        self._open.append(node)
        return node

    @staticmethod
    def _join(prefix: str, tail: str) -> str:
        return f"{prefix}-{tail}"[:_MAX_ANCHOR].rstrip("-") if prefix else tail

    # Headings

    def _set_heading(self, node: _Node, text: str, *, longest: int = MAX_HEADING, colon: bool = True) -> None:
        """Give the line after a label to the heading or to the body.

        It is a heading when it names rather than states: it does not end like a sentence, is not too long, and
        something follows inside the provision ("Điều 1. Phạm vi điều chỉnh"). "Điều 2. Quyết định này có hiệu lực kể
        từ ngày ký." is all its article says, so it is the body.
        """
        if not text:
            return
        names = not text.endswith(_ENDS_SENTENCE) and (not text.endswith(":") or (colon and len(text) <= _MAX_LEAD_IN))
        if names and len(text) <= longest and self._something_follows(node):
            node.heading = text
        else:
            node.body.append(text)

    def _something_follows(self, node: _Node) -> bool:
        if self._position + 1 >= len(self.lines):
            return False
        following = self.lines[self._position + 1].text
        if self._starts_closing(following) or _ARTICLE.match(following) or _CHAPTER.match(following):
            return _is_capitals(node.label) and node.kind is ProvisionKind.SECTION
        if node.kind is ProvisionKind.CLAUSE:
            match = _CLAUSE.match(following)
            return not (match and int(match[1]) == node.counts["number"] + 1) and not _ROMAN.match(following)
        if node.kind is ProvisionKind.SUBCLAUSE:
            return not _SUBCLAUSE.match(following) and not _CLAUSE.match(following)
        return True

    def _take_title(self, node: _Node, text: str) -> None:
        """Give a division its title: the rest of its line, or the next line and the capitals that go on with it."""
        title, note = _split_note(text)
        parts = [title] if title else []
        index = self._position + 1
        while not note and index < len(self.lines) and len(parts) < _MOST_TITLE_LINES:
            line, following_note = _split_note(self.lines[index].text)
            is_title = _is_capitals(line) or (not parts and len(line) <= 150 and not line.endswith(_ENDS_SENTENCE))
            if not line or not is_title or self._opens_something(line) or line.startswith(("(", "-", "+")):
                break
            parts.append(line)
            note = following_note
            index += 1
        if len(" ".join(parts)) <= _MAX_TITLE:
            node.heading = " ".join(parts)
        else:
            node.body.extend(parts)
        if note:
            node.body.append(note)
        self._position = index - 1

    def _opens_something(self, text: str) -> bool:
        patterns = (_PART, _CHAPTER, _SECTION, _ARTICLE, _ROMAN, _CAPITAL_LETTER, _CLAUSE, _SUBCLAUSE, _POINT)
        return any(pattern.match(text) for pattern in patterns) or bool(self._appendix(text) or _RECIPIENTS.match(text))


def _split_note(text: str) -> tuple[str, str]:
    """A title and the remark "(Ban hành kèm theo …)" that was glued to it."""
    match = _GLUED_NOTE.search(text)
    return (text[: match.start()].rstrip(), text[match.start() :]) if match else (text, "")


def _ends_quote(text: str) -> bool:
    """Whether a quotation ends with this line; one that both opens and ends in it does not count."""
    closed = text.count("”") + text.count('"')
    return bool(_CLOSES_QUOTE.search(text)) and text.count("“") < max(1, closed)


def _roman_value(text: str) -> int | None:
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
