"""Reading the feed over HTTP and from a file: pages, tokens, bad lines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.errors import FeedError, FeedRefusedError, FileUnavailableError
from publisher.feed import BATCH, Batch, Feed, FileFeed, HttpFeed, open_feed
from tests.publisher.factories import Ledger, news
from tests.publisher.feed_server import TOKEN, FeedServer, serving


@pytest.fixture
def server() -> Iterator[FeedServer]:
    ledger = Ledger()
    ledger.publish(*(news(f"t-{n}") for n in range(7)))
    with serving(ledger) as running:
        yield running


def feed(server: FeedServer, token: str = TOKEN) -> HttpFeed:
    return HttpFeed(server.feed, token, pauses=(0.01,))


def read(source: Feed, position: int = 0) -> Batch:
    """Everything after a position, its batches put together."""
    batches = list(source.batches(position))
    changes = tuple(change for batch in batches for change in batch.changes)
    return Batch(changes, tuple(line for batch in batches for line in batch.rejected), batches[-1].head)


def test_every_page_of_the_feed_is_read(server: FeedServer) -> None:
    server.page_size = 3
    batch = read(feed(server), 1)
    assert [change.seq for change in batch.changes] == [2, 3, 4, 5, 6, 7]
    assert batch.head == 7


@pytest.mark.parametrize(("token", "word"), [("wrong", "refused"), ("", "not set")])
def test_a_wrong_token_is_explained(server: FeedServer, token: str, word: str) -> None:
    with pytest.raises(FeedRefusedError, match=f"FEED_TOKEN.*{word}"):
        read(feed(server, token))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("down", "answers 503"),
        ("html", "address of the changes feed"),
        ("cut", "cannot be reached"),
        ("half a line", "cut off"),
    ],
)
def test_a_feed_that_fails_says_how(server: FeedServer, fault: str, message: str) -> None:
    server.fault = fault
    with pytest.raises(FeedError, match=message):
        read(feed(server))


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(FeedError, match="cannot be reached"):
        read(HttpFeed("http://127.0.0.1:9/changes/", "", pauses=()))


def test_the_token_is_sent_to_the_origin_of_the_feed_only(server: FeedServer) -> None:
    with serving(Ledger()) as other:
        other.files["/api/v1/files/x/"] = b"bytes"
        assert b"".join(feed(server).fetch(f"{other.origin}/api/v1/files/x/")) == b"bytes"
        assert other.tokens_seen == [None]
    server.files["/api/v1/files/y/"] = b"bytes"
    assert b"".join(feed(server).fetch("/api/v1/files/y/")) == b"bytes"
    assert server.tokens_seen == [f"Bearer {TOKEN}"]


def test_bad_lines_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    ledger = Ledger()
    ledger.publish(news("mot"), news("hai"), news("ba"))
    tampered = json.loads(ledger.lines()[1])
    tampered["snapshot"]["title"] = "Đã sửa lén"
    broken = json.loads(ledger.lines()[2])
    del broken["snapshot"]["title"]
    lines = [
        ledger.lines()[0],
        b"{not json}\n",
        json.dumps(tampered).encode() + b"\n",
        json.dumps(broken).encode() + b"\n",
        b"\xff\xfe\xff\n",
        b"[" * 100_000 + b"\n",
        b'{"seq": 99999999999999999999999, "op": "withdraw", "id": "00000000-0000-4000-8000-000000000001"}\n',
    ]
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"".join(lines))
    batch = read(FileFeed(path))
    assert [change.seq for change in batch.changes] == [1]
    assert [(line.number, line.seq) for line in batch.rejected] == [
        (2, None),
        (3, 2),
        (4, 3),
        (5, None),
        (6, None),
        (7, None),
    ]
    assert "sha256" in batch.rejected[1].reason
    assert "title" in batch.rejected[2].reason
    assert batch.rejected[2].reason.startswith("line 4:")


@pytest.mark.parametrize("url", ["../secret", "%2e%2e/secret", "/etc/passwd", "a/../../secret", "http://example.org/x"])
def test_a_feed_file_cannot_speak_of_files_outside_its_directory(tmp_path: Path, url: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    directory = tmp_path / "feed"
    directory.mkdir()
    (directory / "feed.jsonl").write_bytes(b"")
    with pytest.raises(FileUnavailableError):
        list(FileFeed(directory / "feed.jsonl").fetch(url))


def test_a_symbolic_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    directory = tmp_path / "feed"
    directory.mkdir()
    (directory / "link.pdf").symlink_to(tmp_path / "secret")
    (directory / "feed.jsonl").write_bytes(b"")
    with pytest.raises(FileUnavailableError):
        list(FileFeed(directory / "feed.jsonl").fetch("link.pdf"))


def test_a_feed_that_is_neither_address_nor_file_is_an_error() -> None:
    with pytest.raises(FeedError, match="neither"):
        open_feed("no-such-file.jsonl", "")


def test_a_long_feed_comes_in_batches_that_go_on_from_each_other(tmp_path: Path) -> None:
    ledger = Ledger()
    ledger.publish(*(news(f"t-{n}") for n in range(2 * BATCH + 1)))
    batches = list(FileFeed(ledger.write(tmp_path / "feed.jsonl")).batches(3))
    assert max(len(batch.changes) for batch in batches) <= BATCH
    assert [change.seq for batch in batches for change in batch.changes] == list(range(4, ledger.seq + 1))
    assert batches[-1].head == ledger.seq
