"""Walks over the lines of a document and decides for each whether it opens a provision or belongs to an open one."""

import re

from cms.content.structure import marks
from cms.content.structure.lines import GLUED_PREAMBLE, Line, is_capitals
from cms.content.structure.tree import (
    RANK_APPENDIX,
    RANK_ARTICLE,
    RANK_CHAPTER,
    RANK_CLAUSE,
    RANK_PART,
    RANK_POINT,
    RANK_ROMAN_IN_ARTICLE,
    RANK_SECTION,
    RANK_SUBCLAUSE,
    Node,
    Tree,
)
from contract.slugs import slugify
from contract.vocabulary import ProvisionKind

MAX_HEADING = 400
"""Longest real title of an article in the documents we read; a longer line is a paragraph."""

_MAX_CLAUSE_HEADING = 200
_MAX_LEAD_IN = 120
_MAX_TITLE = 1600
_MOST_TITLE_LINES = 6
_FEWEST_ATTACHED_LINES = 3
_LETTERS = "abcdđefghijklmnopqrstuvwxyz"


class Reader:
    """Walks over the lines once; `tree`, `preamble` and `closing` hold what it found."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.preamble: list[str] = []
        self.closing: list[str] = []
        self.tree = Tree()
        self._position = 0
        self._quote_ends = 0
        self._article_seen = False

    def read(self) -> None:
        """Take all lines apart."""
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
        if self.tree.open:
            self.tree.open[-1].body.append(text)
        else:
            self.preamble.extend(GLUED_PREAMBLE.split(text))

    def _starts_quote(self, text: str) -> bool:
        """Whether the line opens a quotation; then remember where it ends.

        A quotation whose end is missing covers its first line only: the search for the end stops at the next opening
        mark or where the quoting document's own next article begins, which also keeps the reading linear.
        """
        if not marks.OPENS_QUOTE.match(text) or not self.tree.open:
            return False
        self._quote_ends = self._position + 1
        if marks.CLOSES_QUOTE.search(text[1:]):
            return True
        article = self.tree.current(ProvisionKind.ARTICLE)
        number = article.counts["number"] if article else 0
        goes_on = "\0" if marks.ARTICLE.match(text[1:].lstrip()) else f"Điều {number + 1}."
        for index in range(self._position + 1, len(self.lines)):
            candidate = self.lines[index].text
            opens = marks.OPENS_QUOTE.match(candidate) and not marks.CLOSES_QUOTE.fullmatch(candidate)
            if opens or candidate.startswith(goes_on):
                break
            if marks.ends_quote(candidate):
                self._quote_ends = index + 1
                break
        return True

    # The end of the document and what is attached to it

    def _read_closing(self, text: str) -> bool:
        """Take recipients, signature and their footnotes out of the text; only the document proper has a closing."""
        if self.closing or self.tree.in_attachment() or not self._starts_closing(text):
            return False
        signed = False
        index = self._position
        while index < len(self.lines):
            line = self.lines[index].text
            if self.closing and (self._is_attachment(index) or (signed and not marks.still_closing(line))):
                break
            self.closing.append(line)
            signed = signed or bool(marks.SIGNATURE.match(line))
            index += 1
        self.tree.open.clear()
        self._position = index - 1
        if index < len(self.lines) and not self._is_attachment(index):
            self._read_after_closing(index)
        return True

    def _starts_closing(self, text: str) -> bool:
        if marks.RECIPIENTS.match(text) or marks.ADOPTED.match(text):
            return True
        return bool(self.tree.nodes and marks.SIGNATURE.match(text) and text[:12].isupper() and len(text) < MAX_HEADING)

    def _is_attachment(self, index: int) -> bool:
        text = self.lines[index].text
        if marks.appendix(text):
            return True
        if not marks.ATTACHED_TYPE.match(text) or not is_capitals(marks.split_note(text)[0]):
            return False
        following = (line.text for line in self.lines[index + 1 : index + 7])
        return bool(self.closing) or any(marks.ATTACHED_NOTE.match(line) for line in following)

    def _open_attachment(self, text: str) -> bool:
        if not (self.tree.nodes or self.closing or marks.appendix(text)) or not self._is_attachment(self._position):
            return False
        if match := marks.appendix(text):
            self._begin_attachment(f"Phụ lục{(match[1] or '').replace('SỐ', 'số')}", match[3])
        else:
            typed = marks.ATTACHED_TYPE.match(text)
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
        self.tree.open.clear()
        self._article_seen = False
        node = self.tree.push(ProvisionKind.APPENDIX, RANK_APPENDIX, label, slugify(label))
        self._take_title(node, heading)

    # Levels of structure

    def _open_any(self, line: Line) -> bool:
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
            (marks.PART, ProvisionKind.PART, RANK_PART, "Phần"),
            (marks.CHAPTER, ProvisionKind.CHAPTER, RANK_CHAPTER, "Chương"),
            (marks.SECTION, ProvisionKind.SECTION, RANK_SECTION, "Mục"),
        ):
            match = pattern.match(text)
            if not match:
                continue
            rest = match[2]
            punctuated = text[match.end(1) :].lstrip()[:1] in (".", ":", "–", "-")
            if rest and not is_capitals(rest) and not punctuated:
                return False
            label = f"{name} {match[1].lower() if kind is ProvisionKind.PART and ' ' in match[1] else match[1]}"
            parent = self.tree.pop_to(rank)
            prefix = parent.anchor if parent and kind is ProvisionKind.SECTION else self.tree.scope()
            node = self.tree.push(kind, rank, label, self.tree.join(prefix, slugify(label)))
            self._take_title(node, rest)
            return True
        return False

    def _open_article(self, text: str) -> bool:
        match = marks.ARTICLE.match(text)
        if not match or (match[3] or "").startswith(".."):
            return False
        self.tree.pop_to(RANK_ARTICLE)
        anchor = self.tree.join(self.tree.scope(), f"dieu-{slugify(match[1].lstrip('0')) or '0'}")
        node = self.tree.push(ProvisionKind.ARTICLE, RANK_ARTICLE, f"Điều {match[1]}", anchor)
        self._article_seen = True
        node.counts["number"] = int(re.sub(r"\D", "", match[1]))
        title = f"{match[2]} {match[3] or ''}".strip()
        if known := marks.KNOWN_TITLE.match(title):
            node.heading = known[1]
            node.body.append(title[known.end() :])
        else:
            self._set_heading(node, title)
        return True

    def _open_roman(self, text: str) -> bool:
        match = marks.ROMAN.match(text)
        value = marks.roman_value(match[1]) if match else None
        if not match or value is None:
            return False
        in_article = self.tree.current(ProvisionKind.ARTICLE) is not None and not self.tree.count("roman-above")
        rank = RANK_ROMAN_IN_ARTICLE if in_article else RANK_SECTION
        parent = self.tree.parent_for(rank)
        counts = parent.counts if parent else self.tree.root_counts
        if not counts.get("roman", 0) < value <= counts.get("roman", 0) + 2:
            return False
        if not counts.get("roman") and value != 1:
            return False
        counts["roman"] = value
        if not in_article:
            self.tree.scope_counts()["roman-above"] = 1
        self.tree.pop_to(rank)
        prefix = parent.anchor if parent else ""
        node = self.tree.push(ProvisionKind.SECTION, rank, match[1], self.tree.join(prefix, f"muc-{match[1].lower()}"))
        self._set_heading(node, match[2])
        return True

    def _open_capital_letter(self, text: str) -> bool:
        match = marks.CAPITAL_LETTER.match(text)
        if not match or len(match[2]) > _MAX_CLAUSE_HEADING or match[2].endswith(marks.ENDS_SENTENCE):
            return False
        if self.tree.current(ProvisionKind.ARTICLE):
            return False
        parent = self.tree.parent_for(RANK_PART)
        if not self.tree.advance(parent, "letter", ord(match[1]) - ord("A") + 1, gap=1):
            return False
        self.tree.pop_to(RANK_PART)
        node = self.tree.push(
            ProvisionKind.PART, RANK_PART, match[1], self.tree.join(self.tree.scope(), f"phan-{match[1].lower()}")
        )
        self._set_heading(node, match[2])
        return True

    def _open_clause(self, text: str) -> bool:
        match = marks.CLAUSE.match(text)
        if not match:
            return False
        parent = self.tree.parent_for(RANK_CLAUSE)
        number, suffix = int(match[1]), match[2]
        if suffix:
            if (parent.counts if parent else self.tree.root_counts).get("clause", 0) != number:
                return False
        elif not self.tree.advance(parent, "clause", number, gap=3):
            return False
        self.tree.pop_to(RANK_CLAUSE)
        shown = f"{match[1]}{suffix}"
        name = slugify(f"{number}{suffix}")
        in_article = parent is not None and parent.kind is ProvisionKind.ARTICLE
        if parent is None or parent.kind is ProvisionKind.APPENDIX:
            tail = f"muc-{name}"
        else:
            tail = f"khoan-{name}" if in_article else name
        anchor = self.tree.join(parent.anchor if parent else "", tail)
        node = self.tree.push(ProvisionKind.CLAUSE, RANK_CLAUSE, f"Khoản {shown}" if in_article else shown, anchor)
        node.counts["number"] = number
        self._set_heading(node, match[3], longest=_MAX_CLAUSE_HEADING, colon=not in_article)
        return True

    def _open_subclause(self, text: str) -> bool:
        match = marks.SUBCLAUSE.match(text)
        if not match:
            return False
        numbers = match[1].split(".")
        rank = RANK_SUBCLAUSE + len(numbers) - 2
        parent = self.tree.parent_for(rank)
        path = parent.counts.get("number") if parent else None
        expected = ".".join(numbers[:-1])
        if parent is None or path is None or (parent.label.removeprefix("Khoản ").lstrip("0") != expected):
            return False
        if not self.tree.advance(parent, "subclause", int(numbers[-1]), gap=2):
            return False
        self.tree.pop_to(rank)
        node = self.tree.push(ProvisionKind.SUBCLAUSE, rank, match[1], self.tree.join(parent.anchor, numbers[-1]))
        node.counts["number"] = int(numbers[-1])
        self._set_heading(node, match[2], longest=_MAX_CLAUSE_HEADING, colon=False)
        return True

    def _open_point(self, text: str) -> bool:
        match = marks.POINT.match(text)
        if not match or not self.tree.open:
            return False
        parent = self.tree.parent_for(RANK_POINT)
        if parent is None:
            return False
        letter, suffix = match[1], match[2]
        place = _LETTERS.index(letter) + 1
        if suffix:
            if parent.counts.get("point", 0) != place:
                return False
        elif not self.tree.advance(parent, "point", place, gap=3):
            return False
        self.tree.pop_to(RANK_POINT)
        tail = ("dd" if letter == "đ" else letter) + suffix
        node = self.tree.push(
            ProvisionKind.POINT, RANK_POINT, f"Điểm {letter}{suffix}", self.tree.join(parent.anchor, f"diem-{tail}")
        )
        node.body.append(match[3])
        return True

    def _open_markdown_section(self, line: Line) -> bool:
        """A heading of the page the text was taken from divides it when it has no number of its own."""
        if line.markdown < 2 or self._article_seen or not line.text[0].isalpha() or len(line.text) > MAX_HEADING:
            return False
        self.tree.pop_to(RANK_SECTION)
        tail = f"muc-{slugify(line.text, 40)}".rstrip("-")
        self.tree.push(ProvisionKind.SECTION, RANK_SECTION, line.text, self.tree.join(self.tree.scope(), tail))
        return True

    # Headings

    def _set_heading(self, node: Node, text: str, *, longest: int = MAX_HEADING, colon: bool = True) -> None:
        """Give the line after a label to the heading or to the body.

        It is a heading when it names rather than states: it does not end like a sentence, is not too long, and
        something follows inside the provision ("Điều 1. Phạm vi điều chỉnh"). "Điều 2. Quyết định này có hiệu lực kể
        từ ngày ký." is all its article says, so it is the body.
        """
        if not text:
            return
        colon_fits = not text.endswith(":") or (colon and len(text) <= _MAX_LEAD_IN)
        names = colon_fits and not text.endswith(marks.ENDS_SENTENCE)
        if names and len(text) <= longest and self._something_follows(node):
            node.heading = text
        else:
            node.body.append(text)

    def _something_follows(self, node: Node) -> bool:
        if self._position + 1 >= len(self.lines):
            return False
        following = self.lines[self._position + 1].text
        if self._starts_closing(following) or marks.ARTICLE.match(following) or marks.CHAPTER.match(following):
            return is_capitals(node.label) and node.kind is ProvisionKind.SECTION
        if node.kind is ProvisionKind.CLAUSE:
            match = marks.CLAUSE.match(following)
            return not (match and int(match[1]) == node.counts["number"] + 1) and not marks.ROMAN.match(following)
        if node.kind is ProvisionKind.SUBCLAUSE:
            return not marks.SUBCLAUSE.match(following) and not marks.CLAUSE.match(following)
        return True

    def _take_title(self, node: Node, text: str) -> None:
        """Give a division its title: the rest of its line, or the next line and the capitals that go on with it."""
        title, note = marks.split_note(text)
        parts = [title] if title else []
        index = self._position + 1
        while not note and index < len(self.lines) and len(parts) < _MOST_TITLE_LINES:
            line, following_note = marks.split_note(self.lines[index].text)
            is_title = is_capitals(line) or (not parts and len(line) <= 150 and not line.endswith(marks.ENDS_SENTENCE))
            if not line or not is_title or marks.opens_something(line) or line.startswith(("(", "-", "+")):
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
