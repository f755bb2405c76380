"""Every template renders with the declared data and nothing else, and gives a sound page."""

import re
from collections import Counter
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jinja2 import UndefinedError

from contract.models import Term, Topic
from contract.vocabulary import Kind, TermKind
from site_theme.environment import environment
from site_theme.scripts import completion_script
from tests.site_theme import samples
from tests.site_theme.rendering import NAMES, parsed, rendered

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def render(template: str, **data: Any) -> str:
    return environment().get_template(template).render(data)


@pytest.mark.parametrize("name", NAMES)
class TestEveryPage:
    def test_says_its_language_and_has_one_main_and_one_h1(self, name: str) -> None:
        page = parsed(rendered(name))
        assert page.get("lang") == "vi"
        assert [len(page.xpath(f"//{tag}")) for tag in ("main", "h1")] == [1, 1]
        assert page.xpath("//title/text()")[0].strip()

    def test_skips_no_level_of_headings(self, name: str) -> None:
        levels = [int(h.tag[1]) for h in parsed(rendered(name)).xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_uses_no_id_twice_and_points_at_none_that_is_missing(self, name: str) -> None:
        page = parsed(rendered(name))
        ids = Counter(page.xpath("//@id"))
        assert [i for i, count in ids.items() if count > 1] == []
        targets = {href[1:] for href in page.xpath("//a/@href") if href.startswith("#")}
        assert targets | set(page.xpath("//@for")) | set(page.xpath("//@aria-labelledby")) <= set(ids)

    def test_holds_no_script_but_ours_no_handler_and_no_inline_style(self, name: str) -> None:
        page = parsed(rendered(name))
        ours = completion_script() if name.startswith("search") else ""
        assert "".join(page.xpath("//script/text()")) == ours
        assert len(page.xpath("//script|//iframe|//object|//embed|//*[@style]")) == bool(ours)
        assert [a for a in page.xpath("//@*") if a.attrname.startswith("on")] == []
        assert len(page.xpath("//style")) == 1 + bool(ours)

    def test_loads_nothing_from_elsewhere(self, name: str) -> None:
        loaded = parsed(rendered(name)).xpath("//img/@src|//link[@rel='icon' or @rel='stylesheet']/@href")
        assert all(address.startswith(("/", "data:")) for address in loaded)

    def test_can_be_searched_from_with_one_form(self, name: str) -> None:
        forms = parsed(rendered(name)).xpath("//form[@role='search']")
        assert [(f.get("action"), f.get("method")) for f in forms] == [("/tim-kiem/", "get")]
        assert len(forms[0].xpath(".//input[@name='q']")) == 1

    def test_names_every_control_and_navigation(self, name: str) -> None:
        page = parsed(rendered(name))
        labelled = set(page.xpath("//label/@for"))
        for control in page.xpath("//input[not(@type='hidden')]|//select"):
            assert control.get("id") in labelled or control.xpath("ancestor::label")
        names = page.xpath("//nav/@aria-label")
        assert len(names) == len(page.xpath("//nav")) == len(set(names))

    def test_has_links_whose_text_tells_where_they_lead(self, name: str) -> None:
        for link in parsed(rendered(name)).xpath("//a"):
            text = (link.get("aria-label") or link.text_content()).strip()
            assert text
            assert text.lower() not in {"xem thêm", "chi tiết", "tại đây", "#"}

    def test_leaves_no_python_or_template_words_behind(self, name: str) -> None:
        text = parsed(rendered(name)).find("body").text_content()
        assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|\{\{|%\(|Status\.", text)


@pytest.mark.parametrize("template", sorted({t for t, _ in samples.pages().values()}))
def test_data_that_was_not_declared_stops_the_page(template: str) -> None:
    with pytest.raises(UndefinedError):
        render(template, site=samples.SITE)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_hostile_title_is_shown_as_text(kind: Kind) -> None:
    item = samples.snapshot(kind, title=HOSTILE, summary=HOSTILE, topics=(Topic(slug="a", name=HOSTILE),))
    document = kind in (Kind.DOCUMENT, Kind.GUIDANCE)
    data = samples.document_data(kind) if document else samples.item_data(kind)
    page = {**data["page"], "title": HOSTILE, "description": HOSTILE}
    tree = parsed(render(f"{kind.value}.html", **{**data, "item": item, "page": page}))
    assert tree.xpath("//script|//@onerror") == []
    assert tree.xpath("//h1")[0].text_content() == HOSTILE


def test_search_terms_stand_in_tables_that_lead_to_the_search() -> None:
    page = parsed(rendered("page"))
    assert [h.text for h in page.xpath("//article/div[table]/preceding-sibling::h2[1]")] == [
        "Từ viết tắt",
        "Từ đồng nghĩa",
        "Tên gọi khác của văn bản",
    ]
    assert [cell.text_content() for cell in page.xpath("(//article/div/table)[3]/tbody/tr/td")] == [
        "19 điều đảng viên không được làm",
        "37-QĐ/TW",
        "Nghị quyết về đất đai",
        "18-NQ/TW (16/06/2022)",
    ]
    queries = [parse_qs(urlsplit(href).query)["q"][0] for href in page.xpath("//article//a/@href") if "?q=" in href]
    assert queries == ["37-QĐ/TW", "18-NQ/TW", "chuyển sinh hoạt đảng & giới thiệu sinh hoạt"]
    assert parsed(rendered("page-empty")).xpath("//article/div/table") == []


def test_hostile_search_terms_are_shown_as_text() -> None:
    terms = [
        Term(kind=TermKind.ABBREVIATION, words=HOSTILE, means=HOSTILE),
        Term(kind=TermKind.ALIAS, words=HOSTILE, number=HOSTILE[:80]),
        Term(kind=TermKind.QUERY, words=f'"{HOSTILE}'),
    ]
    groups = [{"kind": term.kind.value, "label": "x", "terms": [term]} for term in terms]
    tree = parsed(render("page.html", **{**samples.item_data(Kind.PAGE), "terms": groups}))
    assert tree.xpath("//article//script|//article//@onerror") == []
    assert HOSTILE in tree.xpath("//article/div/table")[0].text_content()


def test_hostile_names_in_cards_files_numbers_and_queries_are_shown_as_text() -> None:
    card = samples.card("document", "/van-ban/a/", HOSTILE, number=HOSTILE, issuer=HOSTILE, summary=HOSTILE)
    markup = render("list.html", **{**samples.list_data(), "cards": [card], "heading": HOSTILE, "intro": HOSTILE})
    file = {"name": HOSTILE, "path": "/tep/a.pdf", "media_type": "application/pdf", "size": 1}
    markup += render("document.html", **{**samples.document_data(), "files": [file], "type_name": HOSTILE})
    search = samples.search_data(query=HOSTILE)
    search["answer"]["suggestion"] = HOSTILE
    markup += render("search.html", **{**search, "notice": HOSTILE, "hints": [HOSTILE], "selected": {"unit": HOSTILE}})
    assert markup.count("<script") == markup.count(f"<script>{completion_script()}</script>") == 1
    assert "<img src=x" not in markup
    assert "onerror=alert(1)&gt;" in markup


class TestDocument:
    page = parsed(rendered("document"))

    def test_every_provision_is_an_anchor_with_a_named_link_to_it(self) -> None:
        for anchor, name in (
            ("chuong-ii", "Liên kết đến Chương II"),
            ("dieu-5", "Liên kết đến Điều 5"),
            ("dieu-5-khoan-1", "Liên kết đến Khoản 1, Điều 5"),
            ("dieu-5-khoan-1-diem-b", "Liên kết đến Điểm b, Khoản 1, Điều 5"),
        ):
            assert len(self.page.xpath(f"//*[@id='{anchor}']")) == 1
            assert self.page.xpath(f"//*[@id='{anchor}']//a[@href='#{anchor}']/@aria-label") == [name]

    def test_links_to_different_provisions_have_different_names(self) -> None:
        names = self.page.xpath("//main//a[starts-with(@href, '#')]/@aria-label")
        assert len(names) == len(set(names)) == 3 + 15 * 5

    def test_provisions_stand_inside_the_part_around_them(self) -> None:
        assert self.page.xpath("//*[@id='chuong-ii']//*[@id='dieu-7']//*[@id='dieu-7-khoan-1']//*[@class='diem']")

    def test_numbers_read_as_on_paper(self) -> None:
        assert self.page.xpath("//*[@id='dieu-5-khoan-1']/a/text()") == ["1."]
        assert self.page.xpath("//*[@id='dieu-5-khoan-1-diem-b']/a/text()") == ["b)"]
        assert self.page.xpath("//*[@id='dieu-2']/h3")[0].text_content().startswith("Điều 2. Nguyên tắc")

    def test_contents_lead_to_chapters_and_articles_but_not_below(self) -> None:
        links = self.page.xpath("//nav[@aria-label='Mục lục']//a/@href")
        assert len(links) == 3 + 15
        assert "#dieu-15" in links

    def test_facts_are_told_in_vietnamese(self) -> None:
        facts = {
            row.findtext("dt"): " ".join(row.find("dd").text_content().split())
            for row in self.page.xpath("//dl[@class='facts']/div")
        }
        assert facts["Số hiệu"] == "71-NQ/TW"
        assert facts["Loại văn bản"] == "Nghị quyết"
        assert facts["Người ký"] == "T/M Bộ Chính trị, Tổng Bí thư Tô Lâm"
        assert facts["Ngày ban hành"] == "22/08/2025"
        assert facts["Ngày đăng"] == "21/11/2026"
        assert facts["Đơn vị đăng"] == "Chi bộ xóm Đồng Rằm"
        assert "Hiệu lực đến" not in facts

    def test_a_reader_learns_before_the_text_what_has_changed_it(self) -> None:
        notices = self.page.xpath("//*[@class='notice'][following::*[@id='chuong-i']]//a/@href")
        assert notices == ["/van-ban/c/"]

    def test_relations_read_both_ways_and_link_only_to_what_is_on_the_site(self) -> None:
        section = self.page.xpath("//section[@class='relations']")[0]
        assert [h.text_content() for h in section.xpath("h3")] == [
            "Thay thế",
            "Căn cứ",
            "Được sửa đổi, bổ sung bởi",
            "Được hướng dẫn bởi",
        ]
        assert section.xpath("ul/li[not(a)]/b/text()") == ["Điều lệ Đảng"]

    def test_attachments_tell_type_and_size(self) -> None:
        texts = [a.text_content() for a in self.page.xpath("//section[@class='files']//a")]
        assert texts[0] == "nghi-quyet-71.pdf (PDF, 1,2 MB)"
        assert texts[1].endswith("(Word, 340 kB)")

    def test_paper_carries_number_and_address(self) -> None:
        paper = self.page.xpath("//footer//*[@class='paper']")[0].text_content()
        assert "71-NQ/TW" in paper
        assert "https://danguy.example.vn/van-ban/mau/" in paper

    def test_a_relation_to_one_clause_leads_to_it(self) -> None:
        link = samples.related("guided_by", "1-HD/TW", "Hướng dẫn", "/huong-dan/d/").model_copy(
            update={"anchor": "dieu-3"}
        )
        data = {**samples.document_data(), "incoming": [{"label": "Được hướng dẫn bởi", "links": [link]}]}
        assert 'href="/huong-dan/d/#dieu-3"' in render("document.html", **data)

    def test_the_closing_stands_without_a_number(self) -> None:
        closing = samples.node("phan-ket", "phan-ket", "Phần kết", body="<p>Nơi nhận: các đảng bộ</p>")
        tree = parsed(render("document.html", **{**samples.document_data(), "contents": [closing]}))
        assert tree.xpath("//*[@id='phan-ket']")[0].text_content().strip() == "Nơi nhận: các đảng bộ"

    def test_resolutions_number_without_words_and_are_cited_with_them(self) -> None:
        clause = samples.node("i-1", "khoan", "1", "Mục tiêu")
        section = samples.node("i", "muc", "I", "QUAN ĐIỂM", children=[clause])
        tree = parsed(render("document.html", **{**samples.document_data(), "contents": [section]}))
        assert tree.xpath("//*[@id='i-1']/h3")[0].text_content().startswith("1. Mục tiêu")
        assert tree.xpath("//*[@id='i-1']//a/@aria-label") == ["Liên kết đến mục 1, mục I"]


class TestNews:
    page = parsed(rendered("news"))

    def test_quoted_news_names_its_source_and_links_to_the_original(self) -> None:
        assert "Theo Báo Nhân Dân điện tử" in self.page.find("body").text_content()
        assert self.page.xpath("//a[@href='https://nhandan.vn/bai-goc']")[0].text == "Bài gốc trên Báo Nhân Dân điện tử"

    def test_the_picture_waits_its_turn_and_keeps_its_place(self) -> None:
        picture = self.page.xpath("//img")[0]
        assert picture.get("alt") == "Đảng viên cao tuổi đọc tài liệu tại nhà văn hóa xóm"
        assert (picture.get("width"), picture.get("height"), picture.get("loading")) == ("640", "360", "lazy")
        assert "320w" in picture.get("srcset")

    def test_the_time_is_that_of_viet_nam(self) -> None:
        assert "01:30, 21/11/2026" in self.page.find("body").text_content()
        assert self.page.xpath("//time/@datetime")[0] == "2026-11-21T01:30:00+07:00"

    def test_wide_tables_scroll_in_a_box_the_keyboard_reaches(self) -> None:
        assert self.page.xpath("//table/parent::div[@class='scroll']/@tabindex") == ["0"]

    def test_topics_lead_to_their_lists(self) -> None:
        assert "/chu-de/to-chuc/" in self.page.xpath("//section[@class='topics']//a/@href")


class TestSearch:
    page = parsed(rendered("search"))

    def test_the_query_stays_in_the_form_and_the_chosen_filter_is_chosen(self) -> None:
        assert self.page.xpath("//input[@name='q']/@value") == ["sức chiến đấu của tổ chức cơ sở đảng"]
        assert self.page.xpath("//select[@name='year']/option[@selected]/@value") == ["2025"]
        assert self.page.xpath("//input[@name='scope'][@checked]/@value") == ["documents"]

    def test_a_chosen_filter_without_hits_can_still_be_seen_and_undone(self) -> None:
        tree = parsed(render("search.html", **{**samples.search_data(), "selected": {"unit": "chi-bo-1"}}))
        assert tree.xpath("//select[@name='unit']/option[@selected]/@value") == ["chi-bo-1"]
        assert tree.xpath("//select[@name='unit']/option[@value='']")

    def test_passages_mark_the_words_and_lead_to_the_clause(self) -> None:
        passages = self.page.xpath("//ul[@class='passages']/li")
        assert passages[0].xpath("a/@href") == ["/van-ban/a/#dieu-5"]
        assert passages[0].xpath(".//mark/text()") == ["sức chiến đấu"]

    def test_a_document_with_the_number_asked_for_stands_first(self) -> None:
        assert self.page.xpath("//section[@class='match'][following::ol[@class='cards']]//h3/a/@href") == [
            "/van-ban/van-ban-0/"
        ]

    def test_several_documents_may_have_the_number(self) -> None:
        data = samples.search_data()
        data["answer"]["number_match"] = [samples.hit(1), samples.hit(2)]
        tree = parsed(render("search.html", **data))
        assert len(tree.xpath("//section[@class='match']//h3")) == 2

    def test_the_suggestion_is_a_link_that_searches_for_it(self) -> None:
        link = self.page.xpath("//p[@class='suggestion']/a")[0]
        assert link.get("href") == "/tim-kiem/?q=s%E1%BB%A9c+chi%E1%BA%BFn+%C4%91%E1%BA%A5u&scope=documents"

    def test_count_notice_and_pages_are_told(self) -> None:
        assert self.page.xpath("//h2[@id='ket-qua']/text()") == ["32.638 kết quả"]
        assert "bản tìm kiếm dự phòng" in self.page.xpath("//*[@role='status']")[0].text_content()
        assert self.page.xpath("//nav[@aria-label='Các trang kết quả']//a[@aria-current='page']/text()") == ["1"]

    def test_of_many_pages_the_ends_and_the_neighbours_are_offered(self) -> None:
        data = samples.search_data()
        data["answer"]["page"] = 20
        data["pages"] = [{"number": n, "path": f"/tim-kiem/?page={n}", "current": n == 20} for n in range(1, 51)]
        pager = parsed(render("search.html", **data)).xpath("//nav[@aria-label='Các trang kết quả']")[0]
        assert pager.xpath(".//a/text()") == ["1", "18", "19", "20", "21", "22", "50"]

    def test_nothing_found_gives_hints(self) -> None:
        page = parsed(rendered("search-empty"))
        assert page.xpath("//h2[@id='ket-qua']/text()") == ["Không tìm thấy kết quả nào"]
        assert len(page.xpath("//section[@class='hints']//li")) == 2


def test_units_show_their_place_and_what_is_below_them() -> None:
    page = parsed(rendered("unit"))
    assert page.xpath("//p[@class='source']/a/@href") == ["/don-vi/phan-dinh-phung/"]
    assert "Đảng ủy xã Đại Từ (0)" in [a.text for a in page.xpath("//a")]


def test_the_menu_marks_where_the_reader_is() -> None:
    marked = parsed(rendered("document")).xpath("//nav[@aria-label='Trình đơn chính']//a[@aria-current]/@href")
    assert marked == ["/van-ban/"]


@pytest.mark.parametrize("name", ["not_found", "gone", "search"])
def test_pages_that_are_no_content_stay_out_of_search_engines(name: str) -> None:
    assert parsed(rendered(name)).xpath("//meta[@name='robots']/@content") == ["noindex"]
