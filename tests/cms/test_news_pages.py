"""Of a crawled news page the article is kept, once, and nothing of the page around it."""

from datetime import datetime
from pathlib import Path

import pytest

from cms.importing.news_pages import HANOI, EmptyPageError, ImportedNews, read_news_page
from contract.html import plain_text, sanitise

NEWS = Path(__file__).parents[3] / "shared" / "corpus" / "news"
FURNITURE = (
    "TIN TỨC >", "người đã xem", "CÁC TIN LIÊN QUAN", "Tin xem nhiều", "Đánh giá post", "Truy cập nội dung luôn",
    "SỞ KẾ HOẠCH", "Báo Đồng Nai điện tử", "{name}", "{body}", "bình luận", "Thời tiết", "Tắt [X]", "Ảnh:", "VietQR",
)  # fmt: skip


def crawled(number: str) -> ImportedNews:
    found = list(NEWS.glob(f"{number}_*.txt"))
    if not found:
        pytest.skip("the shared corpus is not here")
    return read_news_page(found[0].read_text(encoding="utf-8"), found[0].name)


def paragraphs(news: ImportedNews) -> list[str]:
    return plain_text(news.body_html).split("\n")


@pytest.mark.parametrize(
    ("number", "title", "published_on", "source", "author", "count"),
    [
        ("000", "Hội nghị trực tuyến triển khai Nền tảng số Sổ tay đảng viên (STĐV)", None, None, "P.V", 6),
        (
            "001", "Sổ tay đảng viên điện tử Yên Bái góp phần nâng cao chất lượng sinh hoạt Đảng", None, None,
            "Thanh Chi", 10,
        ),
        (
            "002", "Trao đổi kinh nghiệm triển khai, ứng dụng phần mềm Sổ tay Đảng viên điện tử",
            datetime(2022, 11, 17, 4, 11, tzinfo=HANOI), "Báo Đồng Nai điện tử", "Nguyệt Hà", 6,
        ),
        (
            "003", "Tập trung lãnh đạo, chỉ đạo tổ chức triển khai Phần mềm Sổ tay đảng viên điện tử",
            datetime(2023, 9, 5, 16, 7, tzinfo=HANOI), "quangngai.dcs.vn", None, 5,
        ),
        (
            "004", "Khai trương phần mềm Sổ tay đảng viên điện tử tỉnh Thanh Hóa", None, "Baothanhhoa.vn",
            "Quốc Hương", 18,
        ),
    ],
)  # fmt: skip
def test_each_of_the_five_pages_gives_its_article(
    number: str, title: str, published_on: datetime | None, source: str | None, author: str | None, count: int
) -> None:
    news = crawled(number)
    assert (news.title, news.published_on, news.source_name, news.author) == (title, published_on, source, author)
    assert len(paragraphs(news)) == count
    assert sanitise(news.body_html) == news.body_html


@pytest.mark.parametrize("number", ["000", "001", "002", "003", "004"])
def test_no_page_furniture_and_no_repeated_paragraph_is_left(number: str) -> None:
    news = crawled(number)
    text = "\n".join((news.title, news.lead, plain_text(news.body_html)))
    assert not [mark for mark in FURNITURE if mark in text]
    told = [news.title, news.lead, *paragraphs(news)]
    assert len(told) == len(set(told))


def test_the_lead_is_the_first_paragraph_without_the_bracket_before_it() -> None:
    assert crawled("002").lead.startswith("Trong các ngày từ 16 đến 19-11, đoàn công tác của Tỉnh ủy Đồng Nai")
    assert crawled("004").lead.startswith("Chiều 5-7, Ban Thường vụ Tỉnh ủy đã tổ chức lễ khai trương")


def test_the_last_real_paragraph_is_kept() -> None:
    assert paragraphs(crawled("001"))[-1].startswith("Đồng thời tạo chuyển biến mạnh mẽ")
    assert paragraphs(crawled("003"))[-1].endswith("32.638 đảng viên trong Đảng bộ tỉnh đăng ký sử dụng phần mềm.")
    assert paragraphs(crawled("004"))[-1].startswith("Ban Thường vụ các huyện, thị, thành ủy")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("17/11/2022 | 04:11", datetime(2022, 11, 17, 4, 11, tzinfo=HANOI)),
        ("Thứ Hai, 05/09/2023 - 16:07", datetime(2023, 9, 5, 16, 7, tzinfo=HANOI)),
        ("Ngày 5 tháng 9 năm 2023", datetime(2023, 9, 5, tzinfo=HANOI)),
        ("16h07, 5-9-2023", datetime(2023, 9, 5, 16, 7, tzinfo=HANOI)),
        ("31/02/2023", None),
    ],
)
def test_dates_are_read_in_the_forms_pages_use(line: str, expected: datetime | None) -> None:
    page = f"Một tiêu đề ngắn gọn\n{line}\nCâu mở đầu của bài.\nĐoạn thứ hai của bài viết này."
    assert read_news_page(page, "trang").published_on == expected


def test_subheadings_stay_and_markup_is_escaped() -> None:
    news = read_news_page("Tiêu đề\nMở đầu bài.\nKết quả bước đầu\nĐoạn có <b> & dấu.\nĐoạn cuối.", "trang")
    assert news.body_html == "<h3>Kết quả bước đầu</h3><p>Đoạn có &lt;b&gt; &amp; dấu.</p><p>Đoạn cuối.</p>"


@pytest.mark.parametrize(
    "page", ["", "TIN TỨC > TIN KHÁC\n", "TRANG CHỦ\nTiêu đề bài viết\n17/11/2022\nTin xem nhiều\n- Tin khác"]
)
def test_a_page_without_article_is_an_error_that_names_it(page: str) -> None:
    with pytest.raises(EmptyPageError, match=r"'trang-7\.txt' holds no article"):
        read_news_page(page, "trang-7.txt")
