"""Which pages there are, how lists are numbered, and that pages depend on nothing they do not declare."""

from datetime import date

import pytest

from contract.models import Snapshot
from publisher.derive import Facts
from publisher.pages import Listing, Plan, TemplatePage, paginate
from publisher.replica import Item
from publisher.settings import Settings
from site_theme.environment import environment
from tests.publisher.factories import document, guidance, news, unit

ENVIRONMENT = environment()


def plan(*snapshots: Snapshot, day: date = date(2026, 11, 22)) -> Plan:
    items = [Item(s.id, s.revision, s.sha256, s, b"") for s in snapshots]
    return Plan(Facts(items, day), Settings())


def rendered(made: Plan) -> dict[str, tuple[str, str]]:
    """Bytes and fingerprint of every page."""
    return {
        page.file: (
            ENVIRONMENT.get_template(page.template).render(page.data())
            if isinstance(page, TemplatePage)
            else page.text(),
            made.fingerprint(page),
        )
        for page in made.pages
    }


def numbered(count: int) -> Listing:
    items = [Item(s.id, 1, "", s, b"") for s in (news(f"t-{n}", days=n) for n in range(count))]
    return Listing("/tin-tuc/", "Tin tức", "", tuple(items), ())


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (20, [20]), (39, [39]), (40, [20, 20]), (59, [39, 20]), (60, [20, 20, 20])]
)
def test_the_landing_page_is_never_almost_empty(count: int, sizes: list[int]) -> None:
    assert [len(page.items) for page in paginate(numbered(count))] == sizes


def test_the_landing_page_shows_the_newest_first_and_the_numbers_count_from_the_oldest() -> None:
    pages = list(paginate(numbered(60)))
    assert [page.path for page in pages] == ["/tin-tuc/", "/tin-tuc/trang/2/", "/tin-tuc/trang/1/"]
    assert pages[0].items[0].snapshot.path == "/tin-tuc/t-59/"
    assert pages[2].items[-1].snapshot.path == "/tin-tuc/t-0/"
    assert (pages[0].newer, pages[0].older) == (None, "/tin-tuc/trang/2/")
    assert (pages[1].newer, pages[1].older) == ("/tin-tuc/", "/tin-tuc/trang/1/")


def test_a_new_item_changes_no_numbered_page() -> None:
    before = rendered(plan(*(news(f"t-{n}", days=n) for n in range(65))))
    after = rendered(plan(*(news(f"t-{n}", days=n) for n in range(66))))
    changed = {file for file in before if before[file][0] != after[file][0]}
    assert changed == {
        "index.html",
        "feed.atom",
        "tin-tuc/index.html",
        "tin-tuc/feed.atom",
        "tin-tuc/nam/2026/index.html",
        "sitemap-tin-tuc-2026.xml",
    }


BASE = [
    unit("tinh-uy"),
    unit("phuong", level=2, ancestors=["tinh-uy"]),
    document("a", "1-NQ/TU", effective_from=date(2026, 11, 25), topics=[{"slug": "x", "name": "X"}]),
    document("b", "2-NQ/TU", relations=[{"verb": "amends", "number": "1-NQ/TU"}]),
    guidance("g", unit="phuong", relations=[{"verb": "guides", "number": "1-NQ/TU"}]),
    *(news(f"t-{n}", days=n, unit="phuong") for n in range(45)),
    news("link", body='<p><a href="/van-ban/a/">a</a> <a href="/van-ban/z/">z</a></p>'),
]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([*BASE, document("z", "3-NQ/TU")], id="a new document"),
        pytest.param([*BASE, document("z", relations=[{"verb": "repeals", "number": "1-NQ/TU"}])], id="a repeal"),
        pytest.param([s for s in BASE if s.path != "/van-ban/a/"], id="a withdrawal"),
        pytest.param([s for s in BASE if s.path != "/don-vi/tinh-uy/"], id="a unit page less"),
        pytest.param([unit("tinh-uy", title="Tên mới", revision=2), *BASE[1:]], id="a unit renamed"),
        pytest.param([*BASE[:-1], news("link", body="<p>khác</p>", revision=2)], id="a body edited"),
        pytest.param([*BASE[:5], news("t-3", days=3, title="Khác", revision=2), *BASE[6:]], id="a title edited"),
    ],
)
def test_a_page_changes_only_when_something_it_declares_changes(after: list[Snapshot]) -> None:
    old, new = rendered(plan(*BASE)), rendered(plan(*after))
    undeclared = [f for f in old.keys() & new.keys() if old[f][0] != new[f][0] and old[f][1] == new[f][1]]
    assert undeclared == []


def test_a_new_day_changes_only_pages_that_declare_a_status() -> None:
    old, new = rendered(plan(*BASE)), rendered(plan(*BASE, day=date(2026, 11, 26)))
    changed = {file for file in old if old[file][0] != new[file][0]}
    assert "van-ban/a/index.html" in changed
    assert {file for file in changed if old[file][1] == new[file][1]} == set()


def test_what_does_not_change_keeps_its_fingerprint() -> None:
    assert rendered(plan(*BASE)) == rendered(plan(*reversed(BASE)))


def test_every_listed_page_is_in_the_sitemap() -> None:
    pages = rendered(plan(*BASE))
    sitemap = "".join(text for file, (text, _) in pages.items() if file.startswith("sitemap"))
    for file in pages:
        if file.endswith("index.html"):
            assert f"<loc>http://localhost:8000/{file.removesuffix('index.html')}</loc>" in sitemap, file
