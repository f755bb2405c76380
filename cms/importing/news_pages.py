"""Takes the article out of a news page that was saved as text, without the page's furniture.

Crawled pages repeat the lead, give the title again as the description of every picture, and end in lists of other
articles and comment forms. What a reader came for is kept once: title, lead, paragraphs, date, author and source.
"""

import html
import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from contract.folding import fold
from contract.normalising import normalise

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MAX_TITLE = 160

_FEWEST_TITLE_WORDS = 5
_MAX_CAPTION = 180
_MAX_SUBHEADING = 100
_HEAD_LINES = 12


class EmptyPageError(ValueError):
    """The page holds no article; the message names the page and says what to do."""


@dataclass(frozen=True)
class ImportedNews:
    """An article as it stood on a page. `lead` is its first paragraph and not repeated in `body_html`."""

    title: str
    lead: str
    body_html: str
    published_on: datetime | None
    source_name: str | None
    source_url: str | None = None
    author: str | None = None


# Where the article ends and the rest of the page begins.
_TAIL = re.compile(
    r"^(?:các tin (?:liên quan|khác)|tin (?:liên quan|xem nhiều|cùng chuyên mục|mới nhất|khác)|"
    r"bài (?:liên quan|viết khác)|đánh giá post|\{name\}|trả lời$|\d+ bình luận|bình luận(?: \(\d+\))?$|"
    r"ý kiến của bạn|gửi bình luận|từ khóa:|tags?:|"
    r"chia sẻ thông tin|xem thêm )",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"^(?:truy cập nội dung luôn|có [\d.,]+ người đã xem.*|lượt xem:?.*|en|vi|trang chủ|đăng nhập|chia sẻ|in trang|"
    r"cỡ chữ.*|facebook|zalo|twitter)$",
    re.IGNORECASE,
)
_BREADCRUMB = re.compile(r"^[^.]{2,40}(?:\s*[>»/]\s*[^.>»/]{2,40})+$")
_SITE_NAME = re.compile(
    r"^(?:báo|tạp chí|cổng thông tin|trang thông tin)\b.{2,60}(?:điện tử|online)?$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"^(?:(?:thứ \w+|chủ nhật),?\s*)?(?:ngày\s+)?(?:(?P<time1>\d{1,2}[:h]\d{2}),?\s*)?"
    r"(?P<day>\d{1,2})(?:[/.-]|\s+tháng\s+)(?P<month>\d{1,2})(?:[/.-]|,?\s+năm\s+)(?P<year>(?:19|20)\d{2})"
    r"(?:\s*[-|,]?\s*(?P<time2>\d{1,2}[:h]\d{2}))?(?:\s*\(?GMT\s*\+7\)?)?(?:\s+\d+)?$",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"^\(?(?:theo|nguồn)\s*:?\s+(?P<name>[^.]{2,60}|[\w-]+(?:\.[\w-]+)+)\)?$", re.IGNORECASE)
_DATELINE = re.compile(r"^\((?P<name>[^()]{1,40})\)\s*[-–—]\s*")
_DOMAIN = re.compile(r"^[\w-]+(?:\.[\w-]+)+$")
_OPENING_DASH = re.compile(r"^[-–—]\s*")
_CAPTION = re.compile(r"\bẢnh\s*:|^(?:Ảnh|Quang cảnh|Toàn cảnh|Bảng thống kê|Biểu đồ|Video|Đồ họa)\b")
_ENDS_SENTENCE = (".", "…", "!", "?", ":", ";", "”", '"')
_TIME_OPENING = re.compile(
    r"^(?:(?:Sáng|Chiều|Tối|Trưa|Vừa qua|Mới đây|Ngày)\b[^,]{0,40}"
    r"|Trong (?:các )?(?:ngày|tháng|hai ngày)\b[^,]{0,60}),\s*"
)
_TITLE_ENDS = re.compile(r"\s+(?:do|phối hợp với|nhằm|để|với sự)\s+|[,;.]\s*")


def read_news_page(text: str, name: str) -> ImportedNews:
    """Read a saved page. `name` says in errors which page it was. Raises `EmptyPageError` when there is no article."""
    lines = [" ".join(line.split()) for line in normalise(text).split("\n")]
    lines = _without_tail([line for line in lines if line])
    lines, site, published_on = _without_head(lines)
    lines, source = _without_source(lines)
    lines, author = _without_author(lines)
    title, lines = _take_title(lines)
    paragraphs, dateline = _paragraphs(lines, title)
    if not paragraphs or (len(paragraphs) == 1 and not title and _looks_like_title(paragraphs[0])):
        raise EmptyPageError(
            f"the page {name!r} holds no article text; paste the article itself, or leave the page out"
        )
    title = title or _derived_title(paragraphs[0])
    lead, body = (paragraphs[0], paragraphs[1:]) if len(paragraphs) > 1 else ("", paragraphs)
    return ImportedNews(title, lead, _html_of(body), published_on, source or dateline or site, author=author)


def _without_tail(lines: list[str]) -> list[str]:
    """The lines before the first one that opens a list of other articles or a comment form."""
    for index, line in enumerate(lines):
        if index and _TAIL.match(line):
            return lines[:index]
    return lines


def _without_head(lines: list[str]) -> tuple[list[str], str | None, datetime | None]:
    """Drop what stands above the article; give back the name of the site and the date that stood there."""
    kept: list[str] = []
    site: str | None = None
    published_on: datetime | None = None
    for index, line in enumerate(lines):
        if index < _HEAD_LINES and not published_on and (found := _DATE.match(line)):
            published_on = _datetime_of(found)
        elif index < _HEAD_LINES and not kept and _SITE_NAME.match(line):
            site = line
        elif _FURNITURE.match(line) or (not kept and (_BREADCRUMB.match(line) or line.isupper())):
            continue
        else:
            kept.append(line)
    return kept, site, published_on


def _datetime_of(found: re.Match[str]) -> datetime | None:
    hour, minute = (int(n) for n in re.split("[:h]", found["time1"] or found["time2"] or "0:0", flags=re.IGNORECASE))
    try:
        return datetime(int(found["year"]), int(found["month"]), int(found["day"]), hour, minute, tzinfo=HANOI)
    except ValueError:  # 31/02 or 25:70 is a number that looks like a date
        return None


def _without_source(lines: list[str]) -> tuple[list[str], str | None]:
    """The article's own word on where it comes from ("Theo quangngai.dcs.vn") stands below it."""
    for index in range(len(lines) - 1, max(len(lines) - 4, 0), -1):
        if found := _SOURCE.match(lines[index]):
            return lines[:index] + lines[index + 1 :], found["name"].strip()
    return lines, None


def _without_author(lines: list[str]) -> tuple[list[str], str | None]:
    author = None
    while len(lines) > 1 and _is_name(lines[-1]):
        author = lines[-1]
        lines = lines[:-1]
    return lines, author


def _is_name(line: str) -> bool:
    words = line.split()
    return 1 <= len(words) <= 5 and all(word[0].isupper() and (word[1:].islower() or word.isupper()) for word in words)


def _take_title(lines: list[str]) -> tuple[str, list[str]]:
    """The title: what the page describes its pictures with over and over, or the first line if it is no sentence."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
    repeated = max(counts, key=lambda line: counts[line], default="")
    if counts.get(repeated, 0) >= 3 and _looks_like_title(repeated):
        return repeated, lines
    if len(lines) > 1 and _looks_like_title(lines[0]):
        return lines[0], lines[1:]
    return "", lines


def _looks_like_title(line: str) -> bool:
    return len(line) <= MAX_TITLE and not line.endswith(_ENDS_SENTENCE[:-2]) and not _OPENING_DASH.match(line)


def _paragraphs(lines: list[str], title: str) -> tuple[list[str], str | None]:
    """The paragraphs of the article, each once, and the source named in brackets before the first."""
    kept: list[str] = []
    seen = {_key(title)}
    source: str | None = None
    after_picture = False
    for index, line in enumerate(lines):
        if found := _DATELINE.match(line):
            line = line[found.end() :]
            source = source or (found["name"] if _DOMAIN.match(found["name"]) else None)
        line = _OPENING_DASH.sub("", line) if not kept else line
        if line == title:
            after_picture = True
            continue
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if not (_key(line) in seen or _is_caption(line, following, after_picture)):
            kept.append(line)
        after_picture = False
        seen.add(_key(line))
    return kept, source


def _is_caption(line: str, following: str, after_picture: bool) -> bool:
    """A line about a picture that is not there: named as such, below a picture's description, or said twice."""
    if len(line) > _MAX_CAPTION:
        return False
    said_again = len(line) > 20 and _key(following).startswith(_key(line))
    return after_picture or said_again or bool(_CAPTION.search(line))


def _key(line: str) -> str:
    return "".join(c for c in fold(line) if c.isalnum())


def _derived_title(paragraph: str) -> str:
    """A title for an article that has none: what its first sentence is about, without day and organiser."""
    subject = _TIME_OPENING.sub("", paragraph)
    subject = re.sub(r"^tại\s+", "", subject, flags=re.IGNORECASE)
    for end in _TITLE_ENDS.finditer(subject):
        if len(subject[: end.start()].split()) >= _FEWEST_TITLE_WORDS:
            subject = subject[: end.start()]
            break
    if len(subject) > MAX_TITLE:
        subject = subject[:MAX_TITLE].rpartition(" ")[0] + "…"
    return subject[:1].upper() + subject[1:]


def _html_of(paragraphs: list[str]) -> str:
    return "".join(_block(paragraph, last=index == len(paragraphs) - 1) for index, paragraph in enumerate(paragraphs))


def _block(paragraph: str, *, last: bool) -> str:
    text = html.escape(paragraph, quote=False)
    if not last and len(paragraph) <= _MAX_SUBHEADING and not paragraph.endswith((*_ENDS_SENTENCE, ",")):
        return f"<h3>{text}</h3>"
    return f"<p>{text}</p>"
