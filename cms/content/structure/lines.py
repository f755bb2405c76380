"""The text of a document as the lines it is written in, mended where a crawler broke or glued them."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\s*\1")
_MARKDOWN_HEADING = re.compile(r"^(?:(#{1,6})\s+)+")
_BROKEN_ARTICLE = re.compile(r"^\W*(?:Điều|ĐIỀU)$")
_STARTS_WITH_NUMBER = re.compile(r"^\d+[a-zđ]?\s*(?:[.:]|$)")
_GLUED_ARTICLE = re.compile(r"(?<=[.:;]) (?=Điều 1\. [^\W\d_])")
# Where the reasons of a decision, one a line on paper, stand in one line.
GLUED_PREAMBLE = re.compile(
    r"(?<=[;,.]) (?=(?:Căn cứ|Theo đề nghị|Xét đề nghị|Xét Tờ trình|Thực hiện)\b)"
    r"| (?=QUYẾT (?:ĐỊNH|NGHỊ)\s*:)"
)


@dataclass(frozen=True)
class Line:
    """A line as on paper. `markdown` is the depth of a Markdown heading the crawler left, 0 for none."""

    text: str
    markdown: int = 0


def lines_of(text: str) -> list[Line]:
    """The lines of a normalised text that hold anything."""
    lines: list[Line] = []
    raw = (" ".join(_EMPHASIS.sub(r"\2", line).split()) for line in text.split("\n"))
    joined = _join_broken(line for line in raw if line)
    for line in joined:
        heading = _MARKDOWN_HEADING.match(line)
        depth = len(heading.group(1)) if heading else 0
        bare = line[heading.end() :] if heading else line
        lines.extend(Line(piece, depth) for piece in _GLUED_ARTICLE.split(bare) if piece)
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


def paragraphs(lines: list[str]) -> str:
    """The lines as HTML, a paragraph each."""
    return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in lines)


def is_capitals(text: str) -> bool:
    """Whether the text is written in capitals, as titles are."""
    return text.isupper() and sum(c.isalpha() for c in text) > 1
