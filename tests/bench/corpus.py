"""A made-up province: as many items as wanted, always the same ones, as lines of a changes feed.

The mix is that of the workload the design plans for (500 news, 325 documents and 319 questions answered a year), over
eight years, with a tree of units above it. Texts are sentences of Vietnamese-like syllables, about 1,150 an item. Every
item is made from its number alone, so that any one can be had without the others, and several processes can share the
work.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from html import escape
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

from tqdm import tqdm

from contract.addresses import item_path
from contract.canonical import canonical_json
from contract.models import utc_text
from contract.slugs import slugify
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, Kind
from tests.bench import VAR

# Raised when the texts change: an old file is not used again.
EDITION = 1
NAMESPACE = UUID("00000000-0000-4000-8000-00000000be0c")
FIRST_DAY = datetime(2018, 11, 22, 1, 0, tzinfo=UTC)
SPAN = timedelta(days=8 * 365)
# Lines made at a time by one process.
PIECE = 500

KINDS = (Kind.NEWS, Kind.DOCUMENT, Kind.GUIDANCE)
KIND_WEIGHTS = (500, 325, 319)
OWN_PAGES = ("gioi-thieu", "lien-he", "huong-dan-su-dung")
TYPES = ("nghi-quyet", "chi-thi", "ket-luan", "quy-dinh", "quyet-dinh", "huong-dan", "ke-hoach", "thong-bao", "bao-cao")
TYPE_WEIGHTS = (14, 6, 10, 8, 26, 10, 12, 10, 4)
VERBS = ("cites", "based_on", "guides", "amends", "replaces", "repeals")
VERB_WEIGHTS = (40, 35, 10, 9, 4, 2)
BOARDS = ("văn phòng", "tổ chức", "kiểm tra", "tuyên giáo", "dân vận", "nội chính")
_SYLLABLES = (
    "nghị quyết hội đồng thành viên đảng ủy ban chấp hành trung ương quy định hướng dẫn thực hiện công tác tổ "
    "chức xây dựng phát triển kinh tế xã hội nông thôn đô thị giáo dục y tế môi trường chính sách pháp luật quốc "
    "gia địa phương cơ sở cán bộ nhân dân đoàn kết dân chủ kỷ luật kiểm tra giám sát báo cáo kế hoạch chương "
    "trình nhiệm vụ giải pháp mục tiêu kết quả đánh giá năm tháng ngày số điều khoản của và các những trong cho "
    "với không là có để này khi từ đến theo về một"
)
SYLLABLES = _SYLLABLES.split()
_ONSETS = "b c ch d đ g gh gi h kh l m n ng ngh nh ph qu r s t th tr v x"
ONSETS = _ONSETS.split()
_RHYMES = (
    "a à á ả ã ạ ăn ắn ăng ân ấn ầng ao áo ay áy ây ấy em én ên ến iên iến iện iêu iều inh ính ình oan oán oang "
    "on ón ông ống ộng ơi ới un uân uấn uận uyên uyết uyền ương ướng ường ước ược ưu ưởng ết ội ôi ời anh ành ách "
    "ác ạt át ấp ập ật ất ích ịch iệc iệt ức ực ề ể ố ồ ỗ ộ ờ ở ỡ ợ ú ủ ũ ụ ứ ử ữ ự ý ỳ ỷ"
)
RHYMES = _RHYMES.split()


class Corpus:
    """A province with `size` items; item numbers run from 0, units first, then in the order of publication."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.units = max(7, min(120, size // 50))
        self.topics = max(12, min(60, size // 100))
        self._seconds = SPAN.total_seconds() / size

    @property
    def path(self) -> Path:
        """The feed file, once it is written."""
        return VAR / f"corpus-{EDITION}-{self.size}.jsonl"

    def written(self) -> Path:
        """The feed file, written on all cores when it is not there yet."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            making = self.path.with_suffix(f".{os.getpid()}")
            with making.open("wb") as file, ProcessPoolExecutor(os.cpu_count()) as pool:
                starts = range(0, self.size, PIECE)
                jobs = pool.map(_piece, [self.size] * len(starts), starts)
                for lines in tqdm(jobs, f"corpus of {self.size:,}", len(starts), leave=False, disable=None):
                    file.write(lines)
            making.rename(self.path)
        return self.path

    def line(self, number: int) -> bytes:
        """The change that published an item."""
        return change_line(number + 1, self.snapshot(number))

    def id(self, number: int) -> str:
        """The id of an item."""
        return str(uuid5(NAMESPACE, str(number)))

    def at(self, number: int) -> datetime:
        """When an item was published; what comes after the last one of the corpus, a minute after the one before."""
        later = max(0, number - self.size)
        return FIRST_DAY + timedelta(seconds=int((number - later) * self._seconds), minutes=later)

    def snapshot(self, number: int) -> dict[str, Any]:
        """An item as it was first published."""
        if number < self.units:
            return self._unit_page(number)
        if number < self.units + len(OWN_PAGES):
            return self._own_page(number, OWN_PAGES[number - self.units])
        return self.item(number)

    def item(self, number: int, kind: Kind | None = None) -> dict[str, Any]:
        """A news item, document or guidance; which, the number decides unless `kind` does."""
        random = Random(f"item {number}")
        drawn = self.kind(number)
        kind = kind or drawn
        return {
            Kind.NEWS: self._news,
            Kind.DOCUMENT: self._document,
            Kind.GUIDANCE: self._guidance,
        }[kind](number, random)

    def kind(self, number: int) -> Kind:
        """What an item is."""
        if number < self.units:
            return Kind.UNIT
        if number < self.units + len(OWN_PAGES):
            return Kind.PAGE
        return Random(f"kind {number}").choices(KINDS, KIND_WEIGHTS)[0]

    def unit(self, number: int) -> dict[str, Any]:
        """A unit: the province, its boards, and below it the communes with their branches."""
        if number == 0:
            return {"id": self.id(0), "name": "Tỉnh ủy Sơn Hà", "level": 1, "ancestors": []}
        if number <= len(BOARDS):
            name = f"Ban {BOARDS[number - 1]} Tỉnh ủy"
            return {"id": self.id(number), "name": name, "level": 2, "ancestors": [self.id(0)]}
        commune, branch = divmod(number - len(BOARDS) - 1, 4)
        top = len(BOARDS) + 1 + commune * 4
        place = _name(Random(f"place {commune}"), 2)
        if branch == 0:
            return {"id": self.id(number), "name": f"Đảng ủy xã {place}", "level": 2, "ancestors": [self.id(0)]}
        ancestors = [self.id(0), self.id(top)]
        return {"id": self.id(number), "name": f"Chi bộ {branch} xã {place}", "level": 3, "ancestors": ancestors}

    def topic(self, number: int) -> dict[str, str]:
        """A subject heading."""
        name = f"{_name(Random(f'topic {number}'), 2).lower()} {number + 1}"
        return {"slug": slugify(name), "name": name.capitalize()}

    def number_of(self, number: int) -> str:
        """The number of a document."""
        random = Random(f"number {number}")
        code = DOCUMENT_TYPE_BY_SLUG[self.type_of(number)].codes[0]
        serial = number % 997 + 1
        return random.choice((f"{serial}-{code}/TU", f"{serial}/{self.at(number).year}/{code}-UBND"))

    def type_of(self, number: int) -> str:
        """The type of a document."""
        return Random(f"type {number}").choices(TYPES, TYPE_WEIGHTS)[0]

    # The kinds of item

    def _unit_page(self, number: int) -> dict[str, Any]:
        unit = self.unit(number)
        body = f"<p>{_sentences(Random(f'unit {number}'), 6)}</p>"
        return self._any(number, Kind.UNIT, unit["name"], f"don-vi-{number}", body) | {"unit": unit, "topics": []}

    def _own_page(self, number: int, slug: str) -> dict[str, Any]:
        title = slug.replace("-", " ").capitalize()
        return self._any(number, Kind.PAGE, title, slug, f"<p>{_sentences(Random(slug), 12)}</p>") | {"topics": []}

    def _news(self, number: int, random: Random) -> dict[str, Any]:
        title = _title(random, 11)
        parts = []
        for part in range(5):
            heading = f"<h2>{escape(_title(random, 6))}</h2>" if part % 2 else ""
            link = f' <a href="{self._address_before(number, random)}">Xem thêm</a>.' if part == 1 else ""
            paragraphs = [f"<p>{_sentences(random, 4)}{link}</p>", *(f"<p>{_sentences(random, 4)}</p>" for _ in "ab")]
            parts.append(heading + "".join(paragraphs))
        made = self._any(number, Kind.NEWS, title, slugify(title), "".join(parts))
        if random.random() < 0.3:
            made["source"] = {"name": "Báo Sơn Hà", "url": f"https://baosonha.example.vn/{number}"}
        return made

    def _guidance(self, number: int, random: Random) -> dict[str, Any]:
        title = f"{_title(random, 9)} như thế nào?"
        parts = []
        for part in range(6):
            points = "".join(f"<li>{_sentences(random, 1)}</li>" for _ in range(4))
            list_ = f"<ul>{points}</ul>" if part in (1, 4) else f"<p>{_sentences(random, 4)}</p>"
            parts.append(f"<h2>{_title(random, 6)}</h2><p>{_sentences(random, 4)}</p>{list_}")
        parts.append(_table(random))
        made = self._any(number, Kind.GUIDANCE, title, slugify(title), "".join(parts))
        relations = [{"verb": "based_on", "anchor": None} | self._target(number, random)]
        return made | {"document": None, "provisions": [], "relations": [r for r in relations if r["target"]]}

    def _document(self, number: int, random: Random) -> dict[str, Any]:
        type_ = DOCUMENT_TYPE_BY_SLUG[self.type_of(number)]
        title = f"{type_.name} {_title(random, 10).lower()}"
        slug = slugify(f"{type_.slug} {self.number_of(number)}")
        made = self._any(number, Kind.DOCUMENT, title, slug, f"<p>{_sentences(random, 3)}</p>")
        issued = self.at(number).date() - timedelta(days=random.randrange(1, 20))
        until = (issued + timedelta(days=random.randrange(200, 2000))).isoformat() if random.random() < 0.1 else None
        related = [self._target(number, random) for _ in range(random.choice((0, 0, 1, 1, 2, 3)))]
        return made | {
            "document": {
                "type": type_.slug,
                "number": self.number_of(number),
                "issuer": made["unit"]["name"],
                "signer": "Nguyễn Văn An",
                "signer_role": "Bí thư",
                "issued_on": issued.isoformat(),
                "effective_from": issued.isoformat() if random.random() < 0.6 else None,
                "effective_to": until,
            },
            "provisions": list(_provisions(random)),
            "relations": [
                {"verb": random.choices(VERBS, VERB_WEIGHTS)[0], "anchor": None} | target
                for target in related
                if target["target"]
            ],
        }

    def _any(self, number: int, kind: Kind, title: str, slug: str, body: str) -> dict[str, Any]:
        random = Random(f"any {number}")
        at = utc_text(self.at(number))
        # A third of everything comes from the province itself.
        unit = 0 if random.random() < 0.33 else random.randrange(self.units)
        # Few topics hold much, many hold little.
        topics = {min(int(random.expovariate(6 / self.topics)), self.topics - 1) for _ in range(random.randint(1, 3))}
        return {
            "schema": 1,
            "id": self.id(number),
            "kind": kind.value,
            "audience": "public",
            "path": item_path(kind, slug if kind in (Kind.UNIT, Kind.PAGE) else f"{slug}-{number}"),
            "title": title,
            "summary": _sentences(random, 1),
            "body": body,
            "unit": self.unit(unit),
            "topics": [self.topic(topic) for topic in sorted(topics)],
            "published_at": at,
            "updated_at": at,
            "revision": 1,
            "attachments": [],
        }

    def _document_before(self, number: int, random: Random) -> int | None:
        first = self.units + len(OWN_PAGES)
        tries = (random.randrange(first, number) for _ in range(8 if number > first else 0))
        return next((other for other in tries if self.kind(other) is Kind.DOCUMENT), None)

    def _target(self, number: int, random: Random) -> dict[str, str | None]:
        other = self._document_before(number, random)
        return (
            {"number": None, "target": None}
            if other is None
            else {"number": self.number_of(other), "target": self.id(other)}
        )

    def _address_before(self, number: int, random: Random) -> str:
        other = self._document_before(number, random)
        if other is None:
            return "/van-ban/"
        slug = slugify(f"{self.type_of(other)} {self.number_of(other)}")
        return item_path(Kind.DOCUMENT, f"{slug}-{other}")


def change_line(seq: int, snapshot: dict[str, Any], at: str | None = None) -> bytes:
    """The line of the feed that publishes a snapshot."""
    text = canonical_json(snapshot)
    sha256 = hashlib.sha256(text).hexdigest()
    when = at or snapshot["updated_at"]
    head = f'{{"seq":{seq},"op":"publish","id":"{snapshot["id"]}","at":"{when}","sha256":"{sha256}","snapshot":'
    return head.encode() + text + b"}\n"


def withdrawal_line(seq: int, snapshot: dict[str, Any], at: str) -> bytes:
    """The line of the feed that withdraws an item."""
    change = {"seq": seq, "op": "withdraw", "id": snapshot["id"], "at": at, "sha256": None, "snapshot": None}
    return canonical_json(change | {"path": snapshot["path"]}) + b"\n"


def _piece(size: int, start: int) -> bytes:
    corpus = Corpus(size)
    return b"".join(corpus.line(number) for number in range(start, min(start + PIECE, size)))


def _provisions(random: Random) -> Iterator[dict[str, Any]]:
    """Three chapters, eleven articles, twenty-two clauses."""
    article = 0
    for chapter, label in enumerate(("I", "II", "III"), start=1):
        anchor = f"chuong-{label.lower()}"
        yield _provision(anchor, "chuong", f"Chương {label}", _title(random, 5), None, "")
        for _ in range(3 if chapter == 3 else 4):
            article += 1
            inside = f"dieu-{article}"
            yield _provision(
                inside, "dieu", f"Điều {article}", _title(random, 6), anchor, f"<p>{_sentences(random, 1)}</p>"
            )
            for clause in (1, 2):
                body = f"<p>{_sentences(random, 1)}</p><p>{_sentences(random, 1)}</p>"
                yield _provision(f"{inside}-khoan-{clause}", "khoan", f"Khoản {clause}", "", inside, body)


def _provision(anchor: str, kind: str, label: str, heading: str, parent: str | None, body: str) -> dict[str, Any]:
    return {"anchor": anchor, "kind": kind, "label": label, "heading": heading, "parent": parent, "body": body}


def _table(random: Random) -> str:
    rows = [[_title(random, 3) for _ in range(3)] for _ in range(4)]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[1:])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class _Language:
    """Syllables by Zipf's law, and sentences of them. Whole sentences are drawn: that is a hundred times quicker."""

    def __init__(self) -> None:
        random = Random("language")
        others = [onset + rhyme for onset in ONSETS for rhyme in RHYMES]
        random.shuffle(others)
        self.syllables = [*SYLLABLES, *others[:2400]]
        weights = accumulate(1 / (rank + 8) for rank in range(len(self.syllables)))
        self.weights = list(weights)
        self._random = random

    @cached_property
    def sentences(self) -> list[str]:
        """Sentences of 14 to 26 syllables."""
        return [self._sentence(self._random.randint(14, 26)) for _ in range(8000)]

    def _sentence(self, length: int) -> str:
        return " ".join(self._random.choices(self.syllables, cum_weights=self.weights, k=length)).capitalize() + "."


@cache
def _language() -> _Language:
    return _Language()


def _sentences(random: Random, count: int) -> str:
    return " ".join(random.choices(_language().sentences, k=count))


def _title(random: Random, length: int) -> str:
    language = _language()
    return " ".join(random.choices(language.syllables, cum_weights=language.weights, k=length)).capitalize()


def _name(random: Random, length: int) -> str:
    return " ".join(random.choices(_language().syllables[len(SYLLABLES) :], k=length)).title()
