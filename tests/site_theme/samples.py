"""Data as docs/theme.md declares it, made from the contract's models: long names, stacked marks, deep structure."""

from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from contract.html import sanitise
from contract.models import DocumentFacts, Image, Rendition, Snapshot, Source, Term, Topic, Unit
from contract.release import NavigationLink, RelatedItem, SiteFacts
from contract.vocabulary import STATUS_LABELS, TERM_KIND_LABELS, VERB_TERMS, Kind, Status, TermKind, Verb

SHA = "ab" * 32
PUBLISHED = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
UPDATED = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)

SITE = SiteFacts(
    name="Trang thông tin Đảng bộ tỉnh Thái Nguyên",
    tagline="Đoàn kết – Dân chủ – Kỷ cương – Đổi mới – Phát triển",
    base_url="https://danguy.example.vn",
    navigation=(
        NavigationLink(title="Trang chủ", path="/"),
        NavigationLink(title="Tin tức", path="/tin-tuc/"),
        NavigationLink(title="Văn bản", path="/van-ban/"),
        NavigationLink(title="Hướng dẫn", path="/huong-dan/"),
        NavigationLink(title="Đơn vị", path="/don-vi/"),
    ),
)
UNIT = Unit(id=UUID(int=3), name="Chi bộ xóm Đồng Rằm", level=3, ancestors=(UUID(int=1), UUID(int=2)))
PARAGRAPH = (
    "<p>Nâng cao năng lực lãnh đạo, sức chiến đấu của tổ chức cơ sở đảng và chất lượng đội ngũ đảng viên; thực hiện "
    "nghiêm nguyên tắc <strong>tập trung dân chủ</strong>, tự phê bình và phê bình, giữ gìn đoàn kết thống nhất.</p>"
)
TABLE = (
    "<table><caption>Số đảng viên được kết nạp, giai đoạn 2021–2025</caption><thead><tr><th scope='col'>Đảng bộ</th>"
    "<th scope='col'>Năm 2021</th><th scope='col'>Năm 2022</th><th scope='col'>Năm 2023</th><th scope='col'>Năm 2024"
    "</th><th scope='col'>Năm 2025</th></tr></thead><tbody>"
    "<tr><th scope='row'>Phường Phan Đình Phùng</th><td>1.204</td>"
    "<td>1.318</td><td>1.402</td><td>1.377</td><td>1.511</td></tr><tr><th scope='row'>Xã Đại Từ</th><td>986</td>"
    "<td>1.012</td><td>1.045</td><td>1.101</td><td>1.098</td></tr></tbody></table>"
)


def page(kind: str, path: str, title: str, *crumbs: tuple[str, str], description: str = "") -> dict[str, Any]:
    """The `page` every template gets."""
    breadcrumbs = [{"title": t, "path": p} for t, p in (("Trang chủ", "/"), *crumbs)] if kind != "home" else []
    return {"kind": kind, "path": path, "title": title, "description": description, "breadcrumbs": breadcrumbs}


def link(title: str, path: str | None, current: bool = False, count: int | None = None) -> dict[str, Any]:
    """A link of a menu, a filter or a hierarchy."""
    return {"title": title, "path": path, "current": current, "count": count}


def card(kind: str, path: str, title: str, **more: Any) -> dict[str, Any]:
    """How an item shows in a list; what does not apply is None."""
    empty = dict.fromkeys(("number", "type_name", "issuer", "issued_on", "status", "status_label", "source_name"))
    base = {
        "kind": kind,
        "path": path,
        "title": title,
        "summary": "",
        "published_at": PUBLISHED,
        "unit_name": UNIT.name,
    }
    return {**base, **empty, **more}


def news_cards(count: int = 5) -> list[dict[str, Any]]:
    """News, the second one quoted."""
    titles = [
        "Đảng bộ tỉnh đẩy mạnh ứng dụng sổ tay đảng viên điện tử, nâng cao chất lượng sinh hoạt chi bộ ở cơ sở",
        "Hội nghị trực tuyến toàn quốc quán triệt, triển khai thực hiện Nghị quyết của Bộ Chính trị",
        "Trao Huy hiệu Đảng đợt 7/11",
        "Chi bộ xóm Đồng Rằm lắp wifi tại nhà văn hóa để đảng viên cao tuổi đọc tài liệu",
        "Kết nạp 32 đảng viên mới là giáo viên, học sinh",
    ]
    summary = "Sau hơn một năm triển khai, 87,5% đảng viên dùng thường xuyên; nhiều chi bộ đã giảm giấy tờ."
    return [
        card(
            "news",
            f"/tin-tuc/tin-{i}/",
            titles[i % len(titles)],
            summary=summary if i % 3 == 0 else "",
            source_name="Báo Nhân Dân" if i == 1 else None,
        )
        for i in range(count)
    ]


def document_cards(count: int = 5) -> list[dict[str, Any]]:
    """Documents, one in each state of validity."""
    statuses = list(Status)
    return [
        card(
            "document",
            f"/van-ban/van-ban-{i}/",
            "Về đột phá phát triển giáo dục và đào tạo, đáp ứng yêu cầu phát triển đất nước trong kỷ nguyên mới",
            number=f"{71 + i}-NQ/TW",
            type_name="Nghị quyết",
            issuer="Ban Chấp hành Trung ương Đảng Cộng sản Việt Nam",
            issued_on=date(2025, 8, 22),
            status=statuses[i % len(statuses)],
            status_label=STATUS_LABELS[statuses[i % len(statuses)]],
        )
        for i in range(count)
    ]


def node(anchor: str, kind: str, label: str, heading: str = "", body: str = "", children: Any = ()) -> dict[str, Any]:
    """A node of `contents`."""
    node = {"anchor": anchor, "kind": kind, "label": label, "heading": heading, "body": sanitise(body)}
    return {**node, "children": list(children)}


def regulation(articles: int = 15) -> list[dict[str, Any]]:
    """Chapters of five articles, each with two clauses, one of which has two points: four provisions an article."""
    chapters = []
    for first in range(1, articles + 1, 5):
        nodes = []
        for number in range(first, min(first + 5, articles + 1)):
            anchor = f"dieu-{number}"
            points = [
                node(f"{anchor}-khoan-1-diem-{letter}", "diem", f"Điểm {letter}", body=PARAGRAPH) for letter in "ab"
            ]
            clauses = [
                node(f"{anchor}-khoan-1", "khoan", "Khoản 1", body=PARAGRAPH, children=points),
                node(f"{anchor}-khoan-2", "khoan", "Khoản 2", body=PARAGRAPH),
            ]
            heading = "Phạm vi điều chỉnh, đối tượng áp dụng và trách nhiệm của cấp ủy" if number % 2 else "Nguyên tắc"
            nodes.append(node(anchor, "dieu", f"Điều {number}", heading, "", clauses))
        roman = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")[(first - 1) // 5]
        chapters.append(node(f"chuong-{roman.lower()}", "chuong", f"Chương {roman}", "QUY ĐỊNH CHUNG", "", nodes))
    return chapters


def units() -> list[dict[str, Any]]:
    """From the top unit to the item's own; the last has no page."""
    return [
        link("Tỉnh ủy Thái Nguyên", "/don-vi/tinh-uy/"),
        link("Đảng ủy phường Phan Đình Phùng", "/don-vi/phan-dinh-phung/"),
        link(UNIT.name, None, current=True),
    ]


def files() -> list[dict[str, Any]]:
    """Attachments in the release."""
    return [
        {"name": "nghi-quyet-71.pdf", "path": f"/tep/{SHA}.pdf", "media_type": "application/pdf", "size": 1_204_000},
        {
            "name": "Phụ lục số liệu kèm theo Nghị quyết của Ban Chấp hành.docx",
            "path": f"/tep/{SHA}.docx",
            "media_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "size": 340_200,
        },
    ]


def picture() -> dict[str, Any]:
    """A picture in two sizes."""
    sources = [
        {"path": f"/tep/{SHA}-{w}.webp", "width": w, "height": w * 9 // 16, "media_type": "image/webp"}
        for w in (320, 640)
    ]
    return {"alt": "Đảng viên cao tuổi đọc tài liệu tại nhà văn hóa xóm", "sources": sources}


def snapshot(kind: Kind, **more: Any) -> Snapshot:
    """An item of `kind`, with what its kind needs."""
    prefix = {"news": "tin-tuc", "document": "van-ban", "guidance": "huong-dan", "unit": "don-vi", "page": "trang"}[
        kind
    ]
    values: dict[str, Any] = {
        "id": UUID(int=9),
        "kind": kind,
        "path": f"/{prefix}/mau/",
        "title": "Về đột phá phát triển giáo dục và đào tạo, đáp ứng yêu cầu phát triển đất nước trong kỷ nguyên mới",
        "summary": "Bảo đảm công bằng trong tiếp cận giáo dục, nâng cao chất lượng ở vùng đồng bào dân tộc thiểu số.",
        "body": sanitise(PARAGRAPH * 2 + "<h2>Kết quả bước đầu</h2>" + PARAGRAPH + TABLE + PARAGRAPH),
        "unit": UNIT,
        "topics": (Topic(slug="to-chuc", name="Tổ chức xây dựng Đảng"), Topic(slug="giao-duc", name="Giáo dục")),
        "published_at": PUBLISHED,
        "updated_at": UPDATED,
        "revision": 42,
    }
    if kind is Kind.NEWS:
        values["source"] = Source(name="Báo Nhân Dân điện tử", url="https://nhandan.vn/bai-goc")
        values["image"] = Image(
            alt="Hội nghị", renditions=(Rendition(url="a.webp", width=640, height=360, media_type="image/webp"),)
        )
    if kind in (Kind.DOCUMENT, Kind.GUIDANCE):
        values["body"] = sanitise("<p>Căn cứ Điều lệ Đảng Cộng sản Việt Nam;</p>")
        values["document"] = DocumentFacts(
            type="nghi-quyet",
            number="71-NQ/TW",
            issuer="Bộ Chính trị",
            signer="Tô Lâm",
            signer_role="T/M Bộ Chính trị, Tổng Bí thư",
            issued_on=date(2025, 8, 22),
            effective_from=date(2025, 8, 22),
        )
    return Snapshot(**{**values, **more})


def relation(verb: Verb, inverse: bool, *items: RelatedItem) -> dict[str, Any]:
    """A group of relations, as it reads on this side."""
    terms = VERB_TERMS[verb]
    return {"label": terms.inverse_label if inverse else terms.label, "links": list(items)}


def related(verb: str, number: str | None, title: str | None = None, path: str | None = None) -> RelatedItem:
    """One end of a relation."""
    return RelatedItem(verb=verb, label=verb, number=number, title=title, path=path)


def document_data(kind: Kind = Kind.DOCUMENT, articles: int = 15) -> dict[str, Any]:
    """What document.html and guidance.html get."""
    item = snapshot(kind)
    parent = ("Văn bản", "/van-ban/") if kind is Kind.DOCUMENT else ("Hướng dẫn", "/huong-dan/")
    return {
        "site": SITE,
        "page": page(kind.value, item.path, item.title, parent, description=item.summary),
        "item": item,
        "units": units(),
        "files": files(),
        "picture": None,
        "status": Status.AMENDED,
        "status_label": STATUS_LABELS[Status.AMENDED],
        "type_name": "Nghị quyết",
        "contents": regulation(articles),
        "outgoing": [
            relation(
                Verb.REPLACES, False, related("replaces", "29-NQ/TW", "Về đổi mới căn bản, toàn diện", "/van-ban/a/")
            ),
            relation(
                Verb.BASED_ON,
                False,
                related("based_on", "Điều lệ Đảng"),
                related("based_on", "66-NQ/TW", "Về đổi mới công tác xây dựng và thi hành pháp luật", "/van-ban/b/"),
            ),
        ],
        "incoming": [
            relation(
                Verb.AMENDS, True, related("amended_by", "80-NQ/TW", "Về sửa đổi, bổ sung một số điều", "/van-ban/c/")
            ),
            relation(Verb.GUIDES, True, related("guided_by", "12-HD/BTCTW", "Hướng dẫn thực hiện", "/huong-dan/d/")),
        ],
    }


def item_data(kind: Kind, **more: Any) -> dict[str, Any]:
    """What news.html, page.html and unit.html get."""
    item = snapshot(kind, **more)
    data = {"site": SITE, "page": page(kind.value, item.path, item.title, ("Tin tức", "/tin-tuc/")), "item": item}
    if kind is Kind.UNIT:
        children = [link(f"Đảng ủy xã {name}", f"/don-vi/{i}/", count=i) for i, name in enumerate(("Đại Từ", "Ổ Gà"))]
        lists = {"news": news_cards(3), "documents": document_cards(2), "guidance": document_cards(1)}
        return {**data, "units": units(), "children": children, **lists}
    terms = {"terms": term_groups()} if kind is Kind.PAGE else {}
    return {**data, "units": units(), "files": files(), "picture": picture(), **terms}


def term_groups() -> list[dict[str, Any]]:
    """Search terms of every kind."""
    terms = [
        Term(kind=TermKind.ABBREVIATION, words="BCH TW", means="Ban Chấp hành Trung ương Đảng Cộng sản Việt Nam"),
        Term(kind=TermKind.ABBREVIATION, words="UBKT", means="Ủy ban kiểm tra"),
        Term(kind=TermKind.SYNONYM, words="tinh giản biên chế", means="cắt giảm biên chế"),
        Term(kind=TermKind.ALIAS, words="19 điều đảng viên không được làm", number="37-QĐ/TW"),
        Term(kind=TermKind.ALIAS, words="Nghị quyết về đất đai", number="18-NQ/TW", issued_on=date(2022, 6, 16)),
        Term(kind=TermKind.QUERY, words="chuyển sinh hoạt đảng & giới thiệu sinh hoạt"),
    ]
    return [
        {"kind": kind.value, "label": label, "terms": [term for term in terms if term.kind is kind]}
        for kind, label in TERM_KIND_LABELS.items()
    ]


def passage(anchor: str, label: str) -> dict[str, Any]:
    """A clause that matched."""
    html = "Nâng cao năng lực lãnh đạo, <mark>sức chiến đấu</mark> của tổ chức cơ sở đảng &amp; chất lượng đội ngũ …"
    return {"anchor": anchor, "label": label, "url": f"/van-ban/a/#{anchor}", "html": html}


def hit(i: int) -> dict[str, Any]:
    """One result, as the JSON API has it."""
    status = list(Status)[i % len(Status)]
    return {
        "id": str(UUID(int=i)),
        "url": f"/van-ban/van-ban-{i}/",
        "title": "Về tiếp tục đổi mới, sắp xếp tổ chức bộ máy của hệ thống chính trị tinh gọn",
        "number": f"{18 + i}-NQ/TW",
        "type": "nghi-quyet",
        "type_name": "Nghị quyết",
        "issued_on": "2017-10-25",
        "status": status.value,
        "status_label": STATUS_LABELS[status],
        "issuer": "Ban Chấp hành Trung ương",
        "superseded_by": [
            {"label": "Được thay thế bởi", "number": "22-NQ/TW", "title": "Về tổ chức bộ máy", "url": "/van-ban/b/"}
        ][: i % 2],
        "score": 12.5,
        "passages": [passage("dieu-5", "Điều 5"), passage("dieu-7-khoan-2", "Điều 7, khoản 2")][: i % 3],
    }


def search_data(query: str = "sức chiến đấu của tổ chức cơ sở đảng", hits: int = 6) -> dict[str, Any]:
    """What search.html gets after a search."""
    facets = {
        "type": [{"value": "nghi-quyet", "label": "Nghị quyết", "count": 1204}],
        "status": [{"value": s.value, "label": STATUS_LABELS[s], "count": 3} for s in Status],
        "issuer": [{"value": "Bộ Chính trị", "label": "Bộ Chính trị", "count": 12}],
        "year": [{"value": 2025, "label": "2025", "count": 40}, {"value": 2024, "label": "2024", "count": 12}],
        "unit": [],
        "level": [{"value": "1", "label": "Cấp tỉnh", "count": 9}],
        "topic": [{"value": "to-chuc", "label": "Tổ chức xây dựng Đảng", "count": 7}],
    }
    answer = {
        "total": 32_638 if hits else 0,
        "page": 1,
        "took_ms": 12,
        "results": [hit(i) for i in range(hits)],
        "facets": facets if hits else {},
        "suggestion": "sức chiến đấu",
        "number_match": hit(0) if hits else None,
        "missing_number": None if hits else {"number": "118-NQ/TW", "nearest": [hit(1)]},
        "reworded": ["sức mạnh chiến đấu của tổ chức cơ sở đảng"],
        "loosenings": [] if hits else [{"label": "Bỏ mọi bộ lọc", "path": "/tim-kiem/?q=a", "total": 1204}],
        "next": None,
    }
    return {
        "site": SITE,
        "page": page("search", "/tim-kiem/", "Tìm kiếm"),
        "query": query,
        "scope": "documents",
        "answer": answer,
        "notice": "Máy chủ tìm kiếm đang tạm nghỉ: kết quả lấy từ bản tìm kiếm dự phòng, chưa có từng điều khoản.",
        "pages": [{"number": n, "path": f"/tim-kiem/?q=a&page={n}", "current": n == 1} for n in range(1, 8)],
        "sort": "",
        "selected": {"year": "2025"},
        "like": None,
        "feed": "/tim-kiem/atom/?q=a",
        "alert": "/tim-kiem/theo-doi/?q=a",
        "offset": 0,
        "hints": [] if hits else ["Kiểm tra lại chính tả.", "Dùng ít từ hơn, hoặc gõ số hiệu, ví dụ 39-NQ/TW."],
    }


def list_data() -> dict[str, Any]:
    """What list.html gets: a middle page with filters."""
    years = [link(str(y), f"/van-ban/nam/{y}/", current=y == 2025, count=y - 1990) for y in range(2026, 2009, -1)]
    types = [link(t, "/van-ban/loai/a/", count=1234) for t in ("Nghị quyết", "Chỉ thị", "Kết luận", "Quy định")]
    return {
        "site": SITE,
        "page": page("list", "/van-ban/", "Văn bản"),
        "heading": "Văn bản",
        "intro": "Nghị quyết, chỉ thị, kết luận, quy định của cấp ủy các cấp.",
        "cards": document_cards(8),
        "newer": "/van-ban/trang/13/",
        "older": "/van-ban/trang/11/",
        "number": 12,
        "filters": [{"title": "Năm ban hành", "links": years}, {"title": "Loại văn bản", "links": types}],
    }


def home_data() -> dict[str, Any]:
    """What home.html gets."""
    return {
        "site": SITE,
        "page": page("home", "/", SITE.name, description=SITE.tagline),
        "news": news_cards(5),
        "documents": document_cards(4),
        "guidance": document_cards(2),
        "units": [link(f"Đảng bộ {n}", f"/don-vi/{i}/", count=12) for i, n in enumerate(("xã Đại Từ", "phường Ổ Gà"))],
    }


def _empty_answer() -> dict[str, Any]:
    data = search_data(hits=0)
    answer = {**data["answer"], "suggestion": None}
    return {**data, "answer": answer, "notice": None, "pages": [], "selected": {}}


ALERT_STATES = ("ask", "sent", "confirm", "confirmed", "cancel", "cancelled")


def alert_data(state: str = "", problem: str | None = None) -> dict[str, Any]:
    """What alert.html gets."""
    return {
        "site": SITE,
        "page": page("alert", "/tim-kiem/theo-doi/", "Nhận thông báo qua thư điện tử"),
        "state": state,
        "problem": problem,
        "query": "sinh hoạt chi bộ",
        "parameters": {"q": "sinh hoạt chi bộ", "type": "nghi-quyet"},
        "address": "dang.vien@example",
        "error": "Đây không phải địa chỉ thư điện tử." if state == "ask" else None,
        "token": "abc:def",
        "searches": ["“sinh hoạt chi bộ”"],
    }


def _bare(kind: Kind) -> dict[str, Any]:
    nothing = {"summary": "", "body": "", "topics": ()}
    if kind in (Kind.DOCUMENT, Kind.GUIDANCE):
        facts = DocumentFacts(type="khac") if kind is Kind.DOCUMENT else None
        empty = {"files": [], "contents": [], "outgoing": [], "incoming": [], "status": None, "status_label": None}
        item = snapshot(kind, document=facts, **nothing)
        return {**document_data(kind), **empty, "item": item, "units": [], "type_name": None}
    if kind is Kind.UNIT:
        return {**item_data(kind, **nothing), "units": [], "children": [], "news": [], "documents": [], "guidance": []}
    bare = {**item_data(kind, image=None, source=None, **nothing), "units": [], "files": [], "picture": None}
    return {**bare, "terms": []} if kind is Kind.PAGE else bare


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name → template and data: every template full and, where that differs, with nothing in it."""
    lists = {"news": [], "documents": [], "guidance": [], "units": []}
    no_cards = {"intro": "", "cards": [], "newer": None, "older": None, "number": 1, "filters": []}
    start = {"query": "", "answer": None, "notice": None, "pages": [], "sort": "", "selected": {}}
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "home": ("home.html", home_data()),
        "home-empty": ("home.html", {**home_data(), **lists}),
        "list": ("list.html", list_data()),
        "list-empty": ("list.html", {**list_data(), **no_cards}),
        "search": ("search.html", search_data()),
        "search-empty": ("search.html", _empty_answer()),
        "search-start": ("search.html", {**search_data(hits=0), **start}),
        **{f"alert-{state}": ("alert.html", alert_data(state=state)) for state in ALERT_STATES},
        "alert-problem": ("alert.html", alert_data(problem="Hiện chưa đăng ký được. Vui lòng thử lại sau ít phút.")),
        "not_found": ("not_found.html", {"site": SITE, "page": page("not_found", "/404/", "Không tìm thấy trang")}),
        "gone": ("gone.html", {"site": SITE, "page": page("gone", "/410/", "Nội dung đã được gỡ bỏ")}),
    }
    for kind in Kind:
        full = document_data(kind) if kind in (Kind.DOCUMENT, Kind.GUIDANCE) else item_data(kind)
        found[kind.value] = (f"{kind.value}.html", full)
        found[f"{kind.value}-empty"] = (f"{kind.value}.html", _bare(kind))
    return deepcopy(found)
