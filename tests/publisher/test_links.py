"""What a page refers to, and what only looks like it."""

from pathlib import Path

from publisher.links import dead_references
from tests.publisher.factories import news
from tests.publisher.workshop import Workshop

BASE = "https://example.org"


def dead(html: str) -> list[str]:
    return dead_references(html, BASE, "/tin-tuc/x/", lambda path: path == "/co/")


def test_links_and_pictures_to_nothing_are_found() -> None:
    page = '<a href="/co/">1</a><a class="x" href="/khong/">2</a><img src="/tep/1.png" srcset="/tep/2.png 2x, /co/ 1x">'
    assert dead(page) == ["/khong/", "/tep/1.png", "/tep/2.png"]


def test_links_elsewhere_and_on_the_page_are_no_matter_of_ours() -> None:
    assert dead('<a href="https://other.example/x/">1</a><a href="#dieu-1">2</a><a href="mailto:a@b.vn">3</a>') == []


def test_a_text_that_shows_a_link_is_not_one() -> None:
    assert dead('<p>Viết &lt;a href="/khong/"&gt; để tạo liên kết.</p><a href="/co/">x</a>') == []


def test_an_item_that_writes_about_links_does_not_stop_a_release(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.ledger.publish(news("viet-lien-ket", body='<p>Viết &lt;a href="/khong-co/"&gt;.</p>'), news("khac"))
    assert workshop.build().set_aside == []
    assert "/khong-co/" in (workshop.read("/tin-tuc/viet-lien-ket/") or "")
