"""The same site made by Hugo: the same items with what the publisher derived for them, and a theme for the same pages.

What is made easy for Hugo: bodies and provisions lie in the content files as finished HTML; validity, both ends of
relations, links between units and those to types, years and topics are read from the front matter and not worked out.
What it does not do: compressed copies, records for the search, a check of links, and bringing everything to the disk.
"""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from contract.addresses import PREFIXES
from contract.models import Snapshot
from contract.release import CURRENT, RECORDS, SHARD_ITEMS, Record, RelatedItem
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, STATUS_LABELS, Kind
from publisher.compression import compressed_copies, is_compressed
from publisher.context import contents
from publisher.outline import LISTED_KINDS, ZONE
from publisher.wording import SECTION_INTROS, SECTION_TITLES, topic_title, year_title
from site_theme.environment import environment
from site_theme.formats import date_text, machine_date
from site_theme.stylesheet import inline_stylesheet
from tests.bench import VAR, sites
from tests.bench.corpus import Corpus
from tests.bench.memory import Usage, measured

HUGO = shutil.which("hugo")
THEME = Path(__file__).parent / "hugo_theme"
CHANGING = frozenset({"amended_by", "replaced_by", "repealed_by"})
BODY = """{% from "_provisions.html" import provision %}
{{ body|prose }}
{% for node in nodes %}
{{ provision(node, 2, "") }}
{% endfor %}"""


@dataclass
class Source:
    """A Hugo project with the items of a corpus."""

    corpus: Corpus
    years: set[tuple[Kind, int]] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    topics: dict[str, str] = field(default_factory=dict)
    topics_of: dict[Kind, set[str]] = field(default_factory=lambda: defaultdict(set))
    units: list[Record] = field(default_factory=list)
    own_pages: list[dict[str, str]] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        return VAR / f"hugo-{self.corpus.size}"

    @property
    def output(self) -> Path:
        return VAR / f"hugo-out-{self.corpus.size}"

    def write(self) -> None:
        """Write content and theme from what the current release holds."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(THEME, self.directory)
        (self.directory / "layouts" / "partials" / "stylesheet.html").write_text(
            f"<style>{inline_stylesheet()}</style>\n"
        )
        template = environment().from_string(BODY)
        for record in records(sites.directory(self.corpus) / CURRENT):
            snapshot = record.snapshot
            if snapshot.kind is Kind.UNIT:
                self.units.append(record)
                continue
            if snapshot.kind is Kind.PAGE:
                self.own_pages.append({"title": snapshot.title, "path": record.path})
            html = template.render(body=snapshot.body, nodes=contents(snapshot.provisions))
            self._write(record.path.strip("/"), self._item(record), html)
            self._note(snapshot)
        self._write_units()
        self._write_lists()
        self._write_configuration()

    def build(self) -> Usage:
        """Run Hugo into an empty directory."""
        shutil.rmtree(self.output, ignore_errors=True)
        command = [str(HUGO), "--source", str(self.directory), "--destination", str(self.output), "--quiet"]
        return measured(command, sites.environment(), VAR / "log" / f"hugo-{self.corpus.size}.log")

    def compress(self) -> Usage:
        """Add the compressed copies the publisher makes, on all cores."""
        command = [sites.PYTHON, "-m", "tests.bench.hugo", str(self.output)]
        return measured(command, sites.environment(), VAR / "log" / f"hugo-{self.corpus.size}.log")

    # Content

    def _item(self, record: Record) -> dict[str, Any]:
        snapshot = record.snapshot
        unit = record.unit_path[-1]
        matter = {
            "title": snapshot.title,
            "slug": record.path.strip("/").rpartition("/")[2],
            "date": snapshot.published_at.astimezone(ZONE).isoformat(),
            "lastmod": snapshot.updated_at.astimezone(ZONE).isoformat(),
            "summary": snapshot.summary,
            "lead": snapshot.summary,
        }
        if snapshot.kind is Kind.PAGE:
            return matter | {"url": record.path}
        matter |= {
            "crumb": {"title": SECTION_TITLES[snapshot.kind], "path": PREFIXES[snapshot.kind]},
            "unit": {"name": unit.name, "path": unit.path},
            "don-vi": [str(unit.path).strip("/").rpartition("/")[2]],
            "topics": [topic.model_dump() for topic in snapshot.topics],
            "chu-de": [topic.slug for topic in snapshot.topics],
        }
        if snapshot.source:
            matter["source"] = snapshot.source.model_dump()
        if snapshot.kind is Kind.NEWS:
            return matter | {"nam": [f"tin-tuc-{snapshot.published_at.astimezone(ZONE).year}"]}
        return matter | self._document(record, matter["unit"])

    def _document(self, record: Record, unit: dict[str, Any]) -> dict[str, Any]:
        snapshot, facts = record.snapshot, record.snapshot.document
        rows = [
            {"name": "Đơn vị ban hành", "value": unit["name"], "path": unit["path"]},
            _day_row("Ngày đăng", snapshot.published_at),
            _day_row("Cập nhật", snapshot.updated_at),
        ]
        nodes = contents(snapshot.provisions)
        matter: dict[str, Any] = {
            "contents": [_node(node) | {"children": [_node(child) for child in node.children]} for node in nodes],
            "outgoing": _groups(record.outgoing),
            "incoming": _groups(record.incoming),
        }
        if facts is None:
            return matter | {"facts": rows}
        type_ = DOCUMENT_TYPE_BY_SLUG[facts.type]
        own = [("Số hiệu", facts.number), ("Loại văn bản", type_.name), ("Cơ quan ban hành", facts.issuer)]
        own.append(("Người ký", f"{facts.signer_role} {facts.signer}"))
        days = (
            ("Ngày ban hành", facts.issued_on),
            ("Có hiệu lực từ", facts.effective_from),
            ("Hết hiệu lực", facts.effective_to),
        )
        matter |= {
            "facts": [
                *({"name": name, "value": value} for name, value in own),
                *(_day_row(name, day) for name, day in days if day),
                *rows,
            ],
            "kicker": type_.name,
            "number": facts.number,
            "issued": _day_row("", facts.issued_on),
            "loai": [type_.slug],
            "nam": [f"van-ban-{facts.issued_on.year}"] if facts.issued_on else [],
        }
        if record.status:
            matter["status"] = {"name": record.status.value, "label": STATUS_LABELS[record.status]}
        return matter

    def _note(self, snapshot: Snapshot) -> None:
        if snapshot.kind not in LISTED_KINDS:
            return
        for topic in snapshot.topics:
            self.topics[topic.slug] = topic.name
            self.topics_of[snapshot.kind].add(topic.slug)
        if snapshot.kind is Kind.NEWS:
            self.years.add((Kind.NEWS, snapshot.published_at.astimezone(ZONE).year))
        if snapshot.document is not None and snapshot.document.issued_on is not None:
            self.years.add((Kind.DOCUMENT, snapshot.document.issued_on.year))
            self.types.add(snapshot.document.type)

    def _write_units(self) -> None:
        known = {record.id: record for record in self.units}
        for record in self.units:
            unit = record.snapshot.unit
            parent = known.get(unit.ancestors[-1]) if unit.ancestors else None
            children = [_link(r) for r in self.units if r.snapshot.unit.ancestors[-1:] == (record.id,)]
            matter = {"title": unit.name, "lead": record.snapshot.summary, "children": children}
            if parent is not None:
                matter["parent"] = _link(parent)
            self._write(f"{record.path.strip('/')}/_index", matter, record.snapshot.body)

    def _write_lists(self) -> None:
        for kind, title in SECTION_TITLES.items():
            matter = {"title": title, "intro": SECTION_INTROS[kind], "filters": _section(kind)}
            self._write(f"{_section(kind)}/_index", matter, "")
        for slug in self.types:
            self._write(f"loai/{slug}/_index", {"title": DOCUMENT_TYPE_BY_SLUG[slug].name, "filters": "van-ban"}, "")
        for kind, year in self.years:
            matter = {"title": year_title(SECTION_TITLES[kind], year), "filters": _section(kind)}
            self._write(f"nam/{_section(kind)}-{year}/_index", matter, "")
        for slug, name in self.topics.items():
            self._write(f"chu-de/{slug}/_index", {"title": topic_title(name), "filters": "chu-de"}, "")

    def _write_configuration(self) -> None:
        links = [{"title": title, "path": PREFIXES[kind]} for kind, title in SECTION_TITLES.items()]
        filters = {_section(kind): self._filters(kind) for kind in LISTED_KINDS} | {"chu-de": self._filters(None)}
        parameters = {
            "tagline": sites.TAGLINE,
            "navigation": [*links, {"title": "Tìm kiếm", "path": "/tim-kiem/"}, *self.own_pages],
            "sections": [{"name": _section(kind), "title": SECTION_TITLES[kind]} for kind in LISTED_KINDS],
            "top": [_link(record) for record in self.units if not record.snapshot.unit.ancestors],
            "filters": filters,
        }
        target = self.directory / "config" / "_default"
        target.mkdir(parents=True)
        (target / "params.json").write_text(json.dumps(parameters, ensure_ascii=False), encoding="utf-8")
        theme = self.directory / "hugo.toml"
        head = f'baseURL = "{sites.URL}/"\ntitle = "{sites.NAME}"\n'
        (target / "config.toml").write_text(head + theme.read_text(encoding="utf-8"), encoding="utf-8")
        theme.unlink()

    def _filters(self, kind: Kind | None) -> list[dict[str, Any]]:
        types = [(DOCUMENT_TYPE_BY_SLUG[slug].name, f"/loai/{slug}/") for slug in sorted(self.types)]
        years = sorted((year for of, year in self.years if of is kind), reverse=True)
        of_years = [(str(year), f"/nam/{_section(kind)}-{year}/") for year in years] if kind else []
        slugs = sorted(self.topics if kind is None else self.topics_of[kind])
        topics = [(self.topics[slug], f"/chu-de/{slug}/") for slug in slugs]
        found = (("Loại văn bản", types if kind is Kind.DOCUMENT else []), ("Năm", of_years), ("Chủ đề", topics))
        return [
            {"title": title, "links": [{"title": name, "path": path} for name, path in links]}
            for title, links in found
            if links
        ]

    def _write(self, name: str, matter: dict[str, Any], html: str) -> None:
        path = self.directory / "content" / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps(matter, ensure_ascii=False)}\n\n{html}\n", encoding="utf-8")


def records(release: Path) -> Iterator[Record]:
    """Every record of a release."""
    for directory in sorted((release / RECORDS).glob("*/*")):
        for path in sorted(directory.iterdir()):
            if path.name != SHARD_ITEMS:
                yield Record.model_validate_json(path.read_bytes())


def html_of(root: Path) -> tuple[int, int]:
    """How many HTML pages lie below a directory, and their bytes. Hugo's redirects from the first page of a list to the
    list itself are not pages."""
    sizes = [
        os.stat(os.path.join(directory, name)).st_size
        for directory, _, names in os.walk(root, followlinks=True)
        for name in names
        if name.endswith(".html") and not directory.endswith("/trang/1")
    ]
    return len(sizes), sum(sizes)


def compress_all(root: Path) -> None:
    """Make the compressed copies of everything below a directory, on all cores."""
    with ProcessPoolExecutor() as pool:
        list(pool.map(_compress, (path for path in root.rglob("*") if is_compressed(path.name)), chunksize=100))


def _compress(path: Path) -> None:
    for suffix, copy in compressed_copies(path.read_bytes()).items():
        path.with_name(path.name + suffix).write_bytes(copy)


def _section(kind: Kind) -> str:
    return PREFIXES[kind].strip("/")


def _link(unit: Record) -> dict[str, str]:
    return {"name": unit.snapshot.unit.name, "path": unit.path}


def _node(node: Any) -> dict[str, str]:
    return {"anchor": node.anchor, "title": f"{node.label}. {node.heading}"}


def _day_row(name: str, day: Any) -> dict[str, str]:
    return {"name": name, "value": date_text(day), "date": machine_date(day)}


def _groups(related: tuple[RelatedItem, ...]) -> list[dict[str, Any]]:
    ordered = sorted(related, key=lambda end: end.label)
    return [
        {
            "label": label,
            "changing": ends[0].verb in CHANGING,
            "links": [{"path": end.path, "number": end.number, "title": end.title} for end in ends],
        }
        for label, ends in ((label, list(found)) for label, found in groupby(ordered, lambda end: end.label))
    ]


if __name__ == "__main__":
    import sys

    compress_all(Path(sys.argv[1]))
