"""From a feed to pages: what is approved appears everywhere it should, and what is taken away is gone everywhere."""

import gzip
from pathlib import Path

import brotli
import pytest

from contract.release import CHANGES, RECORDS, VOCABULARY, ReleaseChanges, gone_path, page_path
from contract.vocabulary import Audience, Kind
from publisher.checks import ReleaseCheck
from publisher.replica import Replica, State
from tests.publisher.factories import abbreviation, attachment, document, guidance, news, page, snapshot, unit
from tests.publisher.workshop import Workshop, addresses, shown, traces, tree


def test_an_approved_item_is_on_its_page_in_the_lists_the_feeds_and_the_sitemap(workshop: Workshop) -> None:
    workshop.ledger.publish(unit("tinh-uy"), document("nq-18", "18-NQ/TU"), news("hoi-nghi"), guidance("ket-nap"))
    workshop.build()
    for address, title in (
        ("/van-ban/nq-18/", "Tiêu đề nq-18"),
        ("/tin-tuc/hoi-nghi/", "Tiêu đề hoi-nghi"),
        ("/huong-dan/ket-nap/", "Tiêu đề ket-nap"),
        ("/don-vi/tinh-uy/", "Đơn vị tinh-uy"),
    ):
        page = workshop.read(address)
        assert page is not None
        assert title in page
        section = "/" + address.split("/")[1] + "/"
        assert f'href="{address}"' in (workshop.read(section) or "")
        assert address in (workshop.read(f"/sitemap-{section.strip('/')}-2026-03.xml") or "")
    assert "/van-ban/nq-18/" in (workshop.read("/feed.atom") or "")
    assert "/van-ban/nq-18/" in (workshop.read("/van-ban/feed.atom") or "")
    assert "/tin-tuc/hoi-nghi/" not in (workshop.read("/van-ban/feed.atom") or "")
    assert "Tiêu đề nq-18" in (workshop.read("/") or "")
    assert "Tiêu đề nq-18" in (workshop.read("/don-vi/tinh-uy/") or "")
    assert "Tiêu đề nq-18" in (workshop.read("/van-ban/loai/nghi-quyet/") or "")
    assert "Tiêu đề nq-18" in (workshop.read("/van-ban/nam/2026/") or "")
    assert "Sitemap: http://localhost:8000/sitemap.xml" in (workshop.read("/robots.txt") or "")


def test_items_are_found_by_topic(workshop: Workshop) -> None:
    topic = {"slug": "to-chuc", "name": "Tổ chức"}
    workshop.ledger.publish(news("a", topics=[topic]), document("b", topics=[topic]), news("c"))
    workshop.build()
    page = workshop.read("/chu-de/to-chuc/") or ""
    assert "Chủ đề: Tổ chức" in page
    assert "/tin-tuc/a/" in page
    assert "/van-ban/b/" in page
    assert "/tin-tuc/c/" not in page


def test_an_empty_site_has_its_sections_and_its_pages_for_what_is_not_there(workshop: Workshop) -> None:
    workshop.build()
    for address in ("/", "/tin-tuc/", "/van-ban/", "/huong-dan/", "/don-vi/", "/404.html", "/410.html", "/feed.atom"):
        assert workshop.read(address) is not None, address
    assert "1970" in (workshop.read("/feed.atom") or "")


def test_a_withdrawn_item_answers_410_and_leaves_no_trace_in_any_release(workshop: Workshop) -> None:
    secret = document(
        "bi-rut-lai",
        "99-NQ/TU",
        title="Từ khóa xyzzy",
        summary="xyzzy",
        body="<p>xyzzy</p>",
        topics=[{"slug": "xyzzy", "name": "X"}],
    )
    partner = document("con-lai", "1-QĐ/TU", relations=[{"verb": "cites", "number": "99-NQ/TU"}])
    workshop.ledger.publish(unit("tinh-uy"), secret, partner)
    workshop.build()
    workshop.ledger.publish(news("xen-giua"))
    workshop.build()
    assert traces(workshop.site.releases, "xyzzy")
    workshop.ledger.withdraw(secret)
    workshop.build()
    assert workshop.is_gone(secret.path)
    assert traces(workshop.site.releases, "xyzzy") == []
    assert traces(workshop.current / RECORDS, str(secret.id)) == []
    assert workshop.ledger.seq == workshop.manifest().seq
    assert "99-NQ/TU" in (workshop.read(partner.path) or ""), "the number alone is the other document's own text"
    naming = {Path(name).name for name in traces(workshop.current, secret.path)}
    assert naming <= {"thu-hoi.json", "changes.json"}, "only the list of what was withdrawn names the address"
    assert traces(workshop.site.root, "xyzzy") == [], "the replica keeps nothing either"


def test_the_search_terms_of_all_pages_are_in_the_release_once_and_in_order(workshop: Workshop) -> None:
    party, office = abbreviation("BCH TW", "Ban Chấp hành Trung ương"), abbreviation("ĐV", "đảng viên")
    workshop.ledger.publish(page("tu-ngu", terms=[office, party]), page("lien-he"))
    workshop.build()
    assert workshop.terms() == ["BCH TW", "ĐV"]
    workshop.ledger.publish(page("tu-ngu-2", terms=[party, abbreviation("CB", "chi bộ")]))
    workshop.build()
    assert workshop.terms() == ["BCH TW", "CB", "ĐV"]
    assert "<td>BCH TW</td><td>Ban Chấp hành Trung ương</td>" in (workshop.read("/trang/tu-ngu/") or "")
    workshop.ledger.publish(page("tu-ngu", terms=[party]))
    workshop.build()
    assert workshop.terms() == ["BCH TW", "CB"]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_page_that_goes_takes_its_search_terms_along_out_of_every_release(workshop: Workshop, hidden: bool) -> None:
    secret = page("bi-rut-lai", terms=[abbreviation("XYZZY", "bí mật")])
    workshop.ledger.publish(secret, page("con-lai", terms=[abbreviation("CB", "chi bộ")]))
    workshop.build()
    workshop.ledger.publish(news("xen-giua"))
    workshop.build()
    assert workshop.terms() == ["CB", "XYZZY"]
    if hidden:
        workshop.ledger.publish(secret.model_copy(update={"audience": Audience.MEMBERS}))
    else:
        workshop.ledger.withdraw(secret)
    workshop.build()
    assert workshop.terms() == ["CB"]
    assert traces(workshop.site.root, "XYZZY", "bí mật") == []


def test_going_back_brings_the_search_terms_of_then(workshop: Workshop) -> None:
    workshop.ledger.publish(page("tu-ngu", terms=[abbreviation("CB", "chi bộ")]))
    workshop.build()
    workshop.ledger.publish(page("tu-ngu", terms=[abbreviation("ĐV", "đảng viên")]))
    workshop.build()
    workshop.go_back()
    assert workshop.terms() == ["CB"]


def test_the_check_of_a_release_names_search_terms_no_live_page_has(workshop: Workshop) -> None:
    workshop.ledger.publish(page("tu-ngu", terms=[abbreviation("CB", "chi bộ")]))
    workshop.build()
    check = ReleaseCheck(workshop.site, workshop.manifest().release)
    assert list(check.problems()) == []
    file = workshop.current / VOCABULARY
    file.write_bytes(file.read_bytes().replace("chi bộ".encode(), "cán bộ".encode()))
    assert [problem for problem in check.problems() if VOCABULARY in problem]
    file.unlink()
    assert [problem for problem in check.problems() if VOCABULARY in problem]


def test_a_site_without_search_terms_says_so(workshop: Workshop) -> None:
    workshop.ledger.publish(news("a"))
    workshop.build()
    assert workshop.terms() == []


def test_a_withdrawal_by_address_alone_marks_the_address_gone(workshop: Workshop) -> None:
    workshop.ledger.withdraw(news("chua-tung-thay"))
    workshop.build()
    assert workshop.is_gone("/tin-tuc/chua-tung-thay/")


def test_an_item_published_again_after_withdrawal_is_live_and_no_longer_gone(workshop: Workshop) -> None:
    item = news("tro-lai")
    workshop.ledger.publish(item)
    workshop.ledger.withdraw(item)
    workshop.build()
    assert workshop.is_gone(item.path)
    workshop.ledger.publish(item)
    workshop.build()
    assert workshop.read(item.path)
    assert not (workshop.current / gone_path(item.path)).exists()
    assert workshop.revoked() == []


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_an_item_that_moves_leaves_nothing_at_its_old_address(workshop: Workshop, in_one_batch: bool) -> None:
    item = news("cu")
    workshop.ledger.publish(item)
    if not in_one_batch:
        workshop.build()
    workshop.ledger.publish(item.model_copy(update={"path": "/tin-tuc/moi/"}))
    workshop.build()
    assert workshop.read("/tin-tuc/moi/")
    assert workshop.is_nowhere("/tin-tuc/cu/")
    assert workshop.revoked() == []


def test_an_item_for_members_never_reaches_the_site(workshop: Workshop) -> None:
    workshop.ledger.publish(news("cong-khai"), news("noi-bo", audience="members", title="plugh", body="<p>plugh</p>"))
    outcome = workshop.build()
    assert outcome.hidden == 1
    assert workshop.read("/tin-tuc/noi-bo/") is None
    assert workshop.is_nowhere("/tin-tuc/noi-bo/"), "an address that was never public tells nothing"
    assert traces(workshop.site.root, "plugh", "noi-bo") == []


def test_an_item_that_becomes_for_members_only_disappears_from_every_release(workshop: Workshop) -> None:
    item = news("thu-hep", title="plugh")
    workshop.ledger.publish(item)
    workshop.build()
    workshop.ledger.publish(item.model_copy(update={"audience": Audience.MEMBERS}))
    workshop.build()
    assert workshop.is_nowhere(item.path)
    assert workshop.revoked() == [(item.id, None)], "offline copies learn which one to forget, by its id alone"
    assert traces(workshop.site.root, "plugh", item.path) == []


def test_the_withdrawal_of_what_had_become_for_members_only_leaves_no_address(workshop: Workshop) -> None:
    item = news("thu-hep")
    workshop.ledger.publish(item)
    workshop.build()
    workshop.ledger.publish(item.model_copy(update={"audience": Audience.MEMBERS}))
    workshop.build()
    workshop.ledger.withdraw(item, with_path=False)
    workshop.build()
    assert workshop.is_nowhere(item.path)
    assert workshop.revoked() == [(item.id, None)]
    assert traces(workshop.site.root, item.path) == []


def test_what_was_withdrawn_is_listed_for_offline_copies_the_newest_first(workshop: Workshop) -> None:
    first, second = news("mot"), news("hai")
    workshop.ledger.publish(first, second)
    workshop.build()
    workshop.ledger.withdraw(first)
    workshop.ledger.withdraw(second, with_path=False)
    workshop.build()
    assert workshop.revoked() == [(second.id, second.path), (first.id, first.path)]
    assert workshop.is_gone(second.path), "the address is known from the item that was live"


def test_a_script_in_a_body_does_not_reach_a_page_or_a_record(workshop: Workshop) -> None:
    attack = '<p>ok</p><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>'
    provision = {"anchor": "dieu-1", "kind": "dieu", "label": "Điều 1", "heading": "<script>h</script>", "body": attack}
    workshop.ledger.publish(
        news("tan-cong", body=attack, title="<script>alert(2)</script>"),
        document("vb", body=attack, provisions=[provision]),
    )
    workshop.build()
    for path in ("/tin-tuc/tan-cong/", "/van-ban/vb/", "/tin-tuc/", "/"):
        page = (workshop.read(path) or "").lower()
        assert "<script" not in page, path
        assert "onerror" not in page, path
        assert "javascript:" not in page, path
    assert traces(workshop.current / RECORDS, "onerror", "javascript:", "alert(1)") == []


def test_the_same_feed_gives_the_same_bytes_however_it_was_followed(workshop: Workshop, tmp_path: Path) -> None:
    workshop.ledger.publish(unit("tinh-uy"), *(document(f"vb-{n}", f"{n}-NQ/TU", days=n) for n in range(45)))
    workshop.build()
    workshop.ledger.publish(document("vb-7", "7-NQ/TU", days=7, title="Đã sửa"), news("tin"))
    workshop.ledger.withdraw(document("vb-3"))
    workshop.build()
    other = Workshop(tmp_path / "other")
    other.root.mkdir(exist_ok=True)
    other.ledger = workshop.ledger
    other.build()
    assert shown(workshop.current).keys() == shown(other.current).keys()
    assert shown(workshop.current) == shown(other.current)
    assert workshop.manifest().trees == other.manifest().trees
    assert workshop.manifest().pages == other.manifest().pages


def test_building_again_without_changes_makes_no_new_release(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    first = workshop.build()
    again = workshop.build()
    assert not again.changed
    assert again.release == first.release
    assert len(workshop.site.names()) == 1


def test_changes_tell_the_search_what_to_index_and_what_to_remove(workshop: Workshop) -> None:
    a, b, c = document("a", "1-NQ/TU"), news("b"), news("c")
    workshop.ledger.publish(a, b, c)
    first = workshop.build().release
    changes = ReleaseChanges.model_validate_json((workshop.current / CHANGES).read_bytes())
    assert changes.since is None
    assert set(changes.upserted) == {a.id, b.id, c.id}
    amending = document("d", "2-NQ/TU", relations=[{"verb": "amends", "number": "1-NQ/TU"}])
    workshop.ledger.publish(amending)
    workshop.ledger.withdraw(b)
    workshop.build()
    changes = ReleaseChanges.model_validate_json((workshop.current / CHANGES).read_bytes())
    assert changes.since == first
    assert set(changes.upserted) == {a.id, amending.id}, "the amended document's record changes too"
    assert changes.removed == (b.id,)


def test_an_older_change_never_overwrites_a_newer_one(workshop: Workshop) -> None:
    item = news("mot", title="Bản mới")
    workshop.ledger.publish(news("mot", title="Bản cũ"), item)
    workshop.ledger.changes.reverse()
    workshop.build()
    assert "Bản mới" in (workshop.read(item.path) or "")


def test_a_second_item_at_a_taken_address_waits_until_it_is_free(workshop: Workshop) -> None:
    first, second = news("mot"), news("hai", path="/tin-tuc/mot/", title="Tin thứ hai")
    workshop.ledger.publish(first, second)
    outcome = workshop.build()
    assert [entry.id for entry in outcome.set_aside] == [str(second.id)]
    assert "belongs to another live item" in outcome.set_aside[0].reason
    assert "Tiêu đề mot" in (workshop.read("/tin-tuc/mot/") or "")
    workshop.ledger.withdraw(first)
    outcome = workshop.build()
    assert outcome.set_aside == []
    assert "Tin thứ hai" in (workshop.read("/tin-tuc/mot/") or "")


def test_attachments_lie_in_the_release_under_their_hash_and_a_safe_name(workshop: Workshop) -> None:
    data = b"%PDF-1.7 noi dung"
    (workshop.root / "tep").mkdir()
    (workshop.root / "tep" / "a b.pdf").write_bytes(data)
    file = attachment(data, "tep/a%20b.pdf", "Nghị quyết <số> 18.PDF")
    workshop.ledger.publish(document("vb", attachments=[file]))
    workshop.build()
    link = f"/tep/{file.sha256[:2]}/{file.sha256}/nghi-quyet-so-18.pdf"
    assert f'href="{link}"' in (workshop.read("/van-ban/vb/") or "")
    assert (workshop.current / "files" / link.removeprefix("/tep/")).read_bytes() == data


def test_a_withdrawn_items_file_is_deleted_from_store_and_releases(workshop: Workshop) -> None:
    data = b"%PDF-1.7 mat"
    (workshop.root / "a.pdf").write_bytes(data)
    item = document("vb", attachments=[attachment(data, "a.pdf")])
    workshop.ledger.publish(item)
    workshop.build()
    workshop.ledger.withdraw(item)
    workshop.build()
    assert [name for name, held in tree(workshop.site.root).items() if held == data] == []


def test_compressed_copies_hold_the_page(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.build()
    page = workshop.current / page_path("/tin-tuc/mot/")
    assert gzip.decompress(page.with_suffix(".html.gz").read_bytes()) == page.read_bytes()
    assert brotli.decompress(page.with_suffix(".html.br").read_bytes()) == page.read_bytes()


def test_unchanged_pages_share_their_bytes_with_the_release_before(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.build()
    before = (workshop.current / page_path("/tin-tuc/mot/")).stat().st_ino
    workshop.ledger.publish(news("hai", days=1))
    outcome = workshop.build()
    assert (workshop.current / page_path("/tin-tuc/mot/")).stat().st_ino == before
    assert 0 < outcome.pages_written < workshop.manifest().pages


def test_a_release_tells_how_many_items_pages_and_withdrawn_addresses_it_has(workshop: Workshop) -> None:
    gone = news("da-rut")
    workshop.ledger.publish(news("mot"), document("hai"), gone)
    workshop.ledger.withdraw(gone)
    workshop.build()
    manifest = workshop.manifest()
    assert manifest.items == 2
    assert manifest.pages == len(addresses(workshop.current))
    assert manifest.gone == 1


def test_members_items_are_not_kept_in_the_replica(workshop: Workshop) -> None:
    workshop.ledger.publish(news("noi-bo", audience="members"))
    workshop.build()
    replica = Replica(workshop.site.root / "replica.sqlite", workshop.settings.site_url)
    assert list(replica.ids()) == []
    assert replica.count(State.HIDDEN) == 1
    replica.close()


def test_a_link_in_a_body_to_an_item_that_is_not_there_becomes_text(workshop: Workshop) -> None:
    body = (
        '<p><a href="/van-ban/co/">có</a> <a title="t" href="/van-ban/khong/">không</a> '
        '<a href="http://localhost:8000/tin-tuc/khong/">cũng không</a> <a href="https://example.org/x/">ngoài</a></p>'
    )
    workshop.ledger.publish(news("tin", body=body), document("co"))
    workshop.build()
    page = workshop.read("/tin-tuc/tin/") or ""
    assert 'href="/van-ban/co/"' in page
    assert "/van-ban/khong/" not in page
    assert "/tin-tuc/khong/" not in page
    assert "không</a>" in page
    assert "https://example.org/x/" in page


def test_a_unit_page_names_its_place_and_shows_what_the_unit_published(workshop: Workshop) -> None:
    ward = unit("phuong", level=2, ancestors=["tinh-uy"])
    own = news("tin-phuong").model_copy(update={"unit": ward.unit.model_copy(update={"name": "Tên cũ"})})
    workshop.ledger.publish(unit("tinh-uy"), ward, own)
    workshop.build()
    page = workshop.read(own.path) or ""
    assert "Đơn vị phuong" in page
    assert "Tên cũ" not in page, "units show under the name their page has now"
    assert 'href="/don-vi/phuong/"' in (workshop.read("/don-vi/tinh-uy/") or "")
    assert own.path in (workshop.read("/don-vi/phuong/") or "")
    assert own.path not in (workshop.read("/don-vi/tinh-uy/") or "")
    assert [link.name for link in workshop.record(own.path).unit_path] == ["Đơn vị tinh-uy", "Đơn vị phuong"]


def test_a_board_page_is_in_the_menu(workshop: Workshop) -> None:
    workshop.ledger.publish(snapshot(Kind.PAGE, "lien-he", title="Liên hệ"))
    workshop.build()
    assert 'href="/trang/lien-he/"' in (workshop.read("/") or "")
