"""Which pages there are, how lists are numbered, and that a fingerprint stands for all a page is made from."""

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

import pytest

from contract.models import Snapshot
from contract.vocabulary import Audience
from publisher.derive import Facts
from publisher.pages import Contents, Page, PageKind, Pages, is_dynamic
from publisher.replica import Item, Replica
from publisher.settings import Settings
from site_theme.environment import environment
from tests.publisher.factories import document, guidance, news, unit
from tests.publisher.test_histories import some_item

ENVIRONMENT = environment()
DAY = date(2026, 11, 22)


class Shown(NamedTuple):
    """A page as readers get it, and its fingerprint."""

    text: str
    fingerprint: bytes


def pages_over(*items: Snapshot, day: date = DAY) -> Pages:
    """The pages of a site that holds these items."""
    replica = Replica(None, Settings().site_url)
    with replica.transaction():
        for item in items:
            replica.publish(Item(item.id, item.revision, item.sha256, item, item.model_dump_json().encode()))
    return Pages(Facts(replica, day), Settings())


def contents(pages: Pages) -> dict[str, Contents]:
    """What stands at every address."""
    found = {page.address: page for page in pages.all()}
    return {address: pages.contents(page, lambda a: a in found or is_dynamic(a)) for address, page in found.items()}


def rendered(pages: Pages) -> dict[str, Shown]:
    """Bytes and fingerprint of every page."""
    code = repr(pages.site)
    return {address: Shown(text_of(made), made.fingerprint(code)) for address, made in contents(pages).items()}


def text_of(made: Contents) -> str:
    if made.template is not None:
        return ENVIRONMENT.get_template(made.template).render(made.data)
    return made.text() if made.text is not None else ""


def news_pages(count: int) -> list[tuple[Page, Contents]]:
    """The pages of the list of news, newest first."""
    pages = pages_over(*(news(f"t-{n}", days=n) for n in range(count)))
    listing = pages.listing("kind:news")
    assert listing is not None
    return [(page, pages.contents(page, lambda _: True)) for page in reversed(list(pages.pages_of(listing)))]


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (20, [20]), (39, [39]), (40, [20, 20]), (59, [39, 20]), (60, [20, 20, 20])]
)
def test_the_landing_page_is_never_almost_empty(count: int, sizes: list[int]) -> None:
    assert [len(made.data["cards"]) for _, made in news_pages(count) if made.data is not None] == sizes


def test_the_landing_page_shows_the_newest_first_and_the_numbers_count_from_the_oldest() -> None:
    pages = news_pages(60)
    assert [page.address for page, _ in pages] == ["/tin-tuc/", "/tin-tuc/trang/2/", "/tin-tuc/trang/1/"]
    data = [made.data or {} for _, made in pages]
    assert data[0]["cards"][0].path == "/tin-tuc/t-59/"
    assert data[2]["cards"][-1].path == "/tin-tuc/t-0/"
    assert (data[0]["newer"], data[0]["older"]) == (None, "/tin-tuc/trang/2/")
    assert (data[1]["newer"], data[1]["older"]) == ("/tin-tuc/", "/tin-tuc/trang/1/")


def test_only_the_landing_page_of_a_list_has_filters() -> None:
    filters = [bool((made.data or {})["filters"]) for _, made in news_pages(60)]
    assert filters == [True, False, False]


def test_a_new_item_changes_no_numbered_page() -> None:
    before = rendered(pages_over(*(news(f"t-{n}", days=n) for n in range(65))))
    after = rendered(pages_over(*(news(f"t-{n}", days=n) for n in range(66))))
    assert {address for address in before if before[address].text != after[address].text} == {
        "/",
        "/feed.atom",
        "/tin-tuc/",
        "/tin-tuc/feed.atom",
        "/tin-tuc/nam/2026/",
        "/sitemap-tin-tuc-2026-05.xml",
    }
    assert after.keys() - before.keys() == {"/tin-tuc/t-65/"}


def test_units_stand_in_the_order_of_the_tree_and_of_vietnamese_names() -> None:
    names = ("Đảng ủy xã Bình", "Đảng ủy xã An", "Công an", "Ấp Một", "Chi bộ 10", "Chi bộ 2", "Đảng ủy xã Ân")
    wards = [unit(f"u-{n}", level=2, ancestors=["tinh-uy"], title=name) for n, name in enumerate(names)]
    pages = pages_over(*wards, unit("tinh-uy", title="Tỉnh ủy"))
    (data,) = (made.data for address, made in contents(pages).items() if address == "/don-vi/")
    assert data is not None
    assert [card.title for card in data["cards"]] == [
        "Tỉnh ủy",
        "Ấp Một",
        "Chi bộ 2",
        "Chi bộ 10",
        "Công an",
        "Đảng ủy xã An",
        "Đảng ủy xã Ân",
        "Đảng ủy xã Bình",
    ]


BASE = [
    unit("tinh-uy"),
    unit("phuong", level=2, ancestors=["tinh-uy"]),
    document("a", "1-NQ/TU", effective_from=date(2026, 11, 25), topics=[{"slug": "x", "name": "X"}]),
    document("b", "2-NQ/TU", relations=[{"verb": "amends", "number": "1-NQ/TU"}]),
    guidance("g", unit="phuong", relations=[{"verb": "guides", "number": "1-NQ/TU"}]),
    *(news(f"t-{n}", days=n, unit="phuong") for n in range(45)),
    news("link", body='<p><a href="/van-ban/a/">a</a> <a href="/van-ban/z/">z</a></p>'),
]


def changed_unnoticed(old: dict[str, Shown], new: dict[str, Shown]) -> list[str]:
    """Pages whose bytes differ while their fingerprints are equal."""
    both = old.keys() & new.keys()
    return [a for a in both if old[a].text != new[a].text and old[a].fingerprint == new[a].fingerprint]


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
def test_a_page_with_the_same_fingerprint_has_the_same_bytes(after: list[Snapshot]) -> None:
    old, new = rendered(pages_over(*BASE)), rendered(pages_over(*after))
    assert any(old[address].text != new[address].text for address in old.keys() & new.keys())
    assert changed_unnoticed(old, new) == []


def live(items: list[Snapshot]) -> list[Snapshot]:
    """The newest version of each item; none for members only."""
    return [item for item in {item.path: item for item in items}.values() if item.audience is Audience.PUBLIC]


@pytest.mark.parametrize("seed", range(40))
def test_the_same_fingerprint_means_the_same_bytes_whatever_changes(seed: int) -> None:
    random = Random(seed)
    items = [some_item(random) for _ in range(random.randint(1, 6))]
    changes = [some_item(random) for _ in range(random.randint(0, 3))]
    old = rendered(pages_over(*live(items)))
    new = rendered(pages_over(*live([*items, *changes]), day=DAY + timedelta(days=random.randint(-9, 9))))
    assert changed_unnoticed(old, new) == []


def test_a_new_day_changes_the_pages_that_show_a_status_and_no_others() -> None:
    old, new = rendered(pages_over(*BASE)), rendered(pages_over(*BASE, day=date(2026, 11, 26)))
    changed = {address for address in old if old[address].fingerprint != new[address].fingerprint}
    assert "/van-ban/a/" in changed
    assert changed == {address for address in old if old[address].text != new[address].text}


def test_what_does_not_change_keeps_its_fingerprint_in_whatever_order_it_came() -> None:
    assert rendered(pages_over(*BASE)) == rendered(pages_over(*reversed(BASE)))


def test_every_item_and_every_list_is_in_the_sitemap_once() -> None:
    pages = pages_over(*BASE)
    sitemap = "".join(shown.text for address, shown in rendered(pages).items() if address.startswith("/sitemap-"))
    for page in pages.all():
        landing = page.kind is PageKind.LIST and "/trang/" not in page.address
        expected = 1 if landing or page.kind in (PageKind.ITEM, PageKind.HOME) else 0
        assert sitemap.count(f"<loc>http://localhost:8000{page.address}</loc>") == expected, page.address


def test_the_index_of_the_sitemap_names_every_chunk() -> None:
    made = rendered(pages_over(*BASE))
    for address in made:
        if address.startswith("/sitemap-"):
            assert f"<loc>http://localhost:8000{address}</loc>" in made["/sitemap.xml"].text
    assert "/sitemap-tin-tuc-2026-03.xml" in made
    assert "/sitemap-van-ban-2026-03.xml" in made
