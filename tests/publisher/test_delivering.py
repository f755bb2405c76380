"""Delivering makes a bucket hold the release in plain form, sending only what changed, in an order readers can bear."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.vocabulary import Audience
from publisher.delivering import Delivery, deliver
from publisher.errors import NoSuchReleaseError
from publisher.object_store import DeliveryError, ObjectStore
from tests.publisher.factories import attachment, document, news
from tests.publisher.release_writer import ReleaseWriter
from tests.publisher.store_server import BUCKET, StoreServer, serving, store_process
from tests.publisher.workshop import Workshop


@pytest.fixture(scope="module")
def store_address() -> Iterator[str]:
    with store_process() as address:
        yield address


@pytest.fixture
def store(store_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with serving(store_address) as running:
        yield running


@pytest.fixture
def release(tmp_path: Path) -> ReleaseWriter:
    """A site with a document, a news item, their lists and an attachment; nothing is written yet."""
    writer = ReleaseWriter(tmp_path / "site")
    for address in ("/van-ban/", "/van-ban/mot/", "/tin-tuc/", "/tin-tuc/hai/", "/feed.atom", "/sitemap.xml"):
        writer.pages[address] = f"<p>{address}: bản đầu</p>"
    writer.add_file("bao-cao.docx", b"docx")
    writer.add_file("anh-640.webp", b"webp")
    return writer


def send(release: ReleaseWriter, store: StoreServer, prefix: str = "", /, **options: object) -> Delivery:
    return deliver(release.site, ObjectStore(BUCKET, prefix, store.endpoint), **options)  # type: ignore[arg-type]


def key_of(address: str) -> str:
    return address.lstrip("/") + ("index.html" if address.endswith("/") else "")


def text(store: StoreServer, key: str) -> str:
    found = store.get(key)
    body = found["Body"]
    return (gzip.decompress(body) if found.get("ContentEncoding") == "gzip" else body).decode()


def assert_holds(store: StoreServer, release: ReleaseWriter, prefix: str = "") -> None:
    """The bucket is the release: nothing missing, nothing more, every byte."""
    pages = {prefix + key_of(address): content for address, content in release.pages.items()}
    pages |= {f"{prefix}{address.strip('/')}/index.html": release.pages["/410.html"] for address in release.gone}
    files = {f"{prefix}tep/{path}": data for path, data in release.files.items()}
    assert {key for key in store.held() if key.startswith(prefix)} == pages.keys() | files.keys()
    assert {key: text(store, key) for key in pages} == pages
    assert {key: store.get(key)["Body"] for key in files} == files


# What is sent


def test_the_first_delivery_sends_every_page_under_its_address(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    outcome = send(release, store)
    assert_holds(store, release)
    assert "van-ban/mot/index.html" in store.held()
    assert outcome.sent == outcome.objects == len(store.held())


def test_nothing_that_is_not_for_readers_goes_to_the_bucket(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    send(release, store)
    own = store.held(all_=True) - store.held()
    assert own == {".delivery/lease.json", ".delivery/state.json.gz"}
    everything = b"".join(store.get(key)["Body"] for key in store.held(all_=True))
    assert b"secret" not in everything
    assert not any(key.endswith((".gz", ".br", ".gone", "manifest.json")) for key in store.held())


@pytest.mark.parametrize(
    ("address", "type_", "cache", "encoding"),
    [
        ("/van-ban/mot/", "text/html; charset=utf-8", "public, max-age=30, stale-while-revalidate=30", "gzip"),
        ("/feed.atom", "application/atom+xml; charset=utf-8", "public, max-age=30, stale-while-revalidate=30", "gzip"),
        ("/thu-hoi.json", "application/json", "public, max-age=30, stale-while-revalidate=30", None),
        ("/404.html", "text/html; charset=utf-8", "no-cache", "gzip"),
    ],
)
def test_a_page_carries_what_browsers_need(
    release: ReleaseWriter, store: StoreServer, address: str, type_: str, cache: str, encoding: str | None
) -> None:
    release.write()
    send(release, store)
    found = store.get(key_of(address))
    assert found["ContentType"] == type_
    assert found["CacheControl"] == cache
    assert found.get("ContentEncoding") == encoding


def test_attachments_are_immutable_and_only_harmless_ones_are_shown(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    send(release, store)
    word, picture = (store.get(next(k for k in store.held() if k.endswith(end))) for end in (".docx", ".webp"))
    assert word["ContentDisposition"] == "attachment"
    assert "ContentDisposition" not in picture
    assert picture["ContentType"] == "image/webp"
    assert word["CacheControl"] == "public, max-age=31536000, s-maxage=60, immutable"


def test_a_file_too_large_for_one_request_arrives_whole_and_is_not_sent_again(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.object_store.ONE_REQUEST", 1_000_000)
    key = release.add_file("phim.mp4", b"0123456789" * 900_000)
    release.write()
    send(release, store)
    assert store.writes().count(key) == 2, "in two pieces"
    assert store.get(key)["ContentType"] == "video/mp4"
    assert_holds(store, release)
    store.client.delete_object(Bucket=BUCKET, Key=".delivery/state.json.gz")
    store.forget()
    assert send(release, store).compared
    assert store.writes() == []


# What changed


def test_an_unchanged_release_sends_nothing(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    send(release, store)
    store.forget()
    outcome = send(release, store)
    assert store.writes() == store.deletions() == []
    assert store.listings() == 0
    assert (outcome.sent, outcome.deleted, outcome.compared) == (0, 0, False)


def test_only_what_changed_is_sent_and_what_vanished_is_deleted(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    send(release, store)
    store.forget()
    release.pages["/van-ban/mot/"] = "<p>bản hai</p>"
    release.pages["/van-ban/ba/"] = "<p>mới</p>"
    del release.pages["/tin-tuc/hai/"]
    release.write()
    send(release, store)
    assert sorted(store.writes()) == ["van-ban/ba/index.html", "van-ban/mot/index.html"]
    assert store.deletions() == ["tin-tuc/hai/index.html"]
    assert store.listings() == 0
    assert_holds(store, release)


def test_a_neighbour_in_the_same_directory_is_not_sent_again(release: ReleaseWriter, store: StoreServer) -> None:
    release.pages |= {f"/van-ban/{number}-a/": "cũ" for number in range(600)}
    release.write()
    send(release, store)
    store.forget()
    release.pages["/van-ban/7-a/"] = "mới"
    release.write()
    send(release, store)
    assert store.writes() == ["van-ban/7-a/index.html"]


def test_any_machine_can_continue(release: ReleaseWriter, store: StoreServer, tmp_path: Path) -> None:
    release.write()
    send(release, store)
    store.forget()
    other = ReleaseWriter(tmp_path / "elsewhere", dict(release.pages), dict(release.files))
    other.pages["/"] = "<p>Trang chủ mới</p>"
    other.write()
    send(other, store)
    assert store.writes() == ["index.html"]
    assert store.listings() == 0


def test_a_lost_state_costs_a_listing_and_nothing_is_sent_twice(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    send(release, store)
    store.client.delete_object(Bucket=BUCKET, Key=".delivery/state.json.gz")
    store.put("van-ban/cu/index.html", b"what a former delivery left")
    store.put("van-ban/mot/index.html", b"damaged")
    store.forget()
    outcome = send(release, store)
    assert outcome.compared
    assert store.writes() == ["van-ban/mot/index.html"]
    assert store.deletions() == ["van-ban/cu/index.html"]
    assert_holds(store, release)


def test_a_state_nobody_can_read_counts_as_lost(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    send(release, store)
    store.put(".delivery/state.json.gz", b"garbage")
    store.forget()
    assert send(release, store).compared
    assert store.writes() == []


def test_other_rules_for_headers_send_everything_again(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write()
    objects = send(release, store).objects
    monkeypatch.setattr("publisher.delivering.RULES", 2)
    assert send(release, store).sent == objects
    assert send(release, store).sent == 0


def test_a_dry_run_tells_and_writes_nothing(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    outcome = send(release, store, dry_run=True)
    assert outcome.sent == outcome.objects > 0
    assert store.held(all_=True) == set()
    send(release, store)
    store.forget()
    release.pages["/van-ban/mot/"] = "<p>bản hai</p>"
    release.write()
    assert send(release, store, dry_run=True).sent == 1
    assert not any(request.startswith(("PUT", "DELETE")) for request in store.requests)


# Order


def test_assets_come_before_items_lists_after_them_and_deletions_last(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.delivering.THREADS", 1)
    release.write()
    send(release, store)
    store.forget()
    del release.pages["/tin-tuc/hai/"]
    for address in ("/", "/van-ban/", "/van-ban/mot/", "/feed.atom", "/sitemap.xml"):
        release.pages[address] = "mới"
    new = release.add_file("moi.pdf", b"pdf")
    release.write()
    send(release, store)
    order = [r.split(" ")[1] for r in store.requests if r.startswith(("PUT", "DELETE")) and ".delivery" not in r]
    assert order[:2] == [new, "van-ban/mot/index.html"]
    assert set(order[2:-1]) == {"index.html", "van-ban/index.html", "feed.atom", "sitemap.xml"}
    assert order[-1] == "tin-tuc/hai/index.html"


def test_what_is_withdrawn_goes_first_and_its_files_with_it(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.delivering.THREADS", 1)
    secret = release.add_file("mat.pdf", b"secret file")
    release.write()
    send(release, store)
    store.forget()
    del release.pages["/van-ban/mot/"]
    release.gone.add("/van-ban/mot/")
    del release.files[secret.removeprefix("tep/")]
    release.pages["/tin-tuc/ba/"] = "mới"
    release.pages["/van-ban/"] = release.pages["/thu-hoi.json"] = "không còn"
    release.write()
    outcome = send(release, store)
    order = [r.split(" ")[1] for r in store.requests if r.startswith(("PUT", "DELETE")) and ".delivery" not in r]
    assert order[:3] == ["van-ban/mot/index.html", secret, "tin-tuc/ba/index.html"]
    assert set(order[3:]) == {"van-ban/index.html", "thu-hoi.json"}
    assert outcome.withdrawn == 1
    assert_holds(store, release)


def test_a_withdrawn_address_tells_the_reader_so(release: ReleaseWriter, store: StoreServer) -> None:
    release.gone.add("/van-ban/mot/")
    del release.pages["/van-ban/mot/"]
    release.write()
    send(release, store)
    assert text(store, "van-ban/mot/index.html") == release.pages["/410.html"]
    assert store.get("van-ban/mot/index.html")["CacheControl"] == "no-cache"


def test_a_new_wording_of_the_notice_reaches_every_withdrawn_address(
    release: ReleaseWriter, store: StoreServer
) -> None:
    del release.pages["/van-ban/mot/"]
    release.gone.add("/van-ban/mot/")
    release.write()
    send(release, store)
    release.pages["/410.html"] = "<p>Văn bản đã được rút</p>"
    release.write()
    send(release, store)
    assert text(store, "van-ban/mot/index.html") == "<p>Văn bản đã được rút</p>"
    assert_holds(store, release)


def test_something_published_again_under_a_withdrawn_address_is_shown(
    release: ReleaseWriter, store: StoreServer
) -> None:
    page = release.pages.pop("/van-ban/mot/")
    release.gone.add("/van-ban/mot/")
    release.write()
    send(release, store)
    release.gone.clear()
    release.pages["/van-ban/mot/"] = page
    release.write()
    send(release, store)
    assert_holds(store, release)


# Which release


def test_a_release_switched_while_delivering_does_not_mix_in(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = release.write()
    pages = dict(release.pages)
    real = ObjectStore.send

    def switching(self: ObjectStore, wanted: object) -> None:
        if release.written == 1:
            release.pages |= dict.fromkeys(pages, "của bản sau")
            release.write()
        real(self, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(ObjectStore, "send", switching)
    assert send(release, store).release == first
    assert {address: text(store, key_of(address)) for address in pages} == pages
    send(release, store)
    assert_holds(store, release)


def test_an_older_release_can_be_delivered_by_name(release: ReleaseWriter, store: StoreServer) -> None:
    first = release.write()
    release.pages["/"] = "sau"
    release.write()
    send(release, store)
    assert send(release, store, release=first).sent == 1
    assert text(store, "index.html") == "<p>Trang chủ</p>"


def test_an_older_release_that_shows_what_is_withdrawn_now_is_refused(
    release: ReleaseWriter, store: StoreServer
) -> None:
    first = release.write()
    del release.pages["/van-ban/mot/"]
    release.gone.add("/van-ban/mot/")
    release.write()
    send(release, store)
    with pytest.raises(DeliveryError, match="withdrawn since, van-ban/mot/index"):
        send(release, store, release=first)
    assert_holds(store, release)


@pytest.mark.parametrize("name", [None, "00000000000000000009"])
def test_no_release_is_an_error_that_says_so(tmp_path: Path, store: StoreServer, name: str | None) -> None:
    with pytest.raises(NoSuchReleaseError):
        deliver(tmp_path, ObjectStore(BUCKET, "", store.endpoint), release=name)


# What is not ours


def test_objects_outside_the_prefix_stay(release: ReleaseWriter, store: StoreServer) -> None:
    for key in ("khac/a.html", "trang-2/index.html", "trang", ".delivery/lease.json"):
        store.put(key, b"foreign")
    before = store.held(all_=True)
    release.write()
    send(release, store, "trang")
    release.pages.pop("/van-ban/mot/")
    release.write()
    send(release, store, "/trang/")
    assert_holds(store, release, "trang/")
    assert {key for key in store.held(all_=True) if not key.startswith("trang/")} == before
    assert store.get(".delivery/lease.json")["Body"] == b"foreign"


def test_a_first_delivery_deletes_nothing_of_others_unless_told_to(release: ReleaseWriter, store: StoreServer) -> None:
    store.put("sao-luu/ban.dump", b"backup")
    release.write()
    for _ in range(2):
        with pytest.raises(DeliveryError, match=r"1 other objects, sao-luu/ban\.dump"):
            send(release, store)
    assert store.held(all_=True) == {"sao-luu/ban.dump"}
    send(release, store, take_over=True)
    assert_holds(store, release)


def test_a_first_delivery_to_a_place_that_is_right_already_sends_nothing(
    release: ReleaseWriter, store: StoreServer
) -> None:
    release.write()
    send(release, store)
    for key in store.held(all_=True) - store.held():
        store.client.delete_object(Bucket=BUCKET, Key=key)
    store.forget()
    assert send(release, store).sent == 0
    assert store.writes() == []


@pytest.mark.parametrize("prefix", ["a//b", "../b", "a b", "./a", "a/.."])
def test_a_prefix_that_is_no_plain_path_is_refused(prefix: str) -> None:
    with pytest.raises(DeliveryError, match="prefix"):
        ObjectStore(BUCKET, prefix)


# With the publisher


def test_what_the_publisher_makes_arrives_and_a_withdrawal_takes_it_away(
    workshop: Workshop, store: StoreServer
) -> None:
    (workshop.root / "phu-luc.pdf").write_bytes(b"the attachment")
    doomed = document("mot", title="Văn bản bị rút", attachments=[attachment(b"the attachment", "phu-luc.pdf")])
    workshop.ledger.publish(doomed, document("hai"), news("ba"))
    workshop.build()
    deliver(workshop.site.root, ObjectStore(BUCKET, "", store.endpoint))
    assert "Văn bản bị rút" in text(store, "van-ban/mot/index.html")
    assert "Văn bản bị rút" in text(store, "van-ban/index.html")
    file = next(key for key in store.held() if key.startswith("tep/"))
    assert store.get(file)["Body"] == b"the attachment"
    store.forget()
    workshop.ledger.withdraw(doomed)
    workshop.build()
    outcome = deliver(workshop.site.root, ObjectStore(BUCKET, "", store.endpoint))
    assert not outcome.compared, "the old trees are swept by now, and nobody needs them"
    assert store.writes()[0] == "van-ban/mot/index.html"
    assert store.deletions()[0] == file
    assert file not in store.held()
    assert str(doomed.id) in text(store, "thu-hoi.json")
    pages = {key: text(store, key) for key in store.held() if not key.startswith("tep/")}
    assert [key for key, page in pages.items() if "Văn bản bị rút" in page] == []
    assert 'name="robots" content="noindex"' in pages["van-ban/mot/index.html"]
    assert "van-ban/hai/index.html" not in store.writes()


def test_an_older_release_is_not_delivered_while_it_holds_what_is_for_members_only_by_now(
    workshop: Workshop, store: StoreServer
) -> None:
    workshop.ledger.publish(news("mot"), news("hai"))
    old = workshop.build().release
    workshop.ledger.publish(news("mot", audience=Audience.MEMBERS, revision=2))
    workshop.ledger.write(workshop.feed)
    publisher = workshop.publisher()
    publisher.step(workshop.day)  # the quiet moment that cleans the older release has not come yet
    publisher.close()
    with pytest.raises(DeliveryError, match="withdrawn since"):
        deliver(workshop.site.root, ObjectStore(BUCKET, "", store.endpoint), release=old)
