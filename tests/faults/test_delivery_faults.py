"""A delivery that fails or is killed leaves a site that can be read, says why, and is finished by the next one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher import lease
from publisher.delivering import deliver
from publisher.errors import LockedError
from publisher.object_store import DeliveryError, ObjectStore
from tests.publisher.release_writer import ReleaseWriter
from tests.publisher.store_server import BUCKET, StoreServer, serving, store_process
from tests.publisher.test_delivering import assert_holds, send

ROOT = Path(__file__).resolve().parents[2]
PAGES = 40
# The command without its argument parser.
DELIVER = """
import sys, pathlib
from publisher.delivering import deliver
from publisher.object_store import ObjectStore
print(deliver(pathlib.Path(sys.argv[1]), ObjectStore(sys.argv[2], "", sys.argv[3])))
"""


@pytest.fixture(scope="module")
def store_address() -> Iterator[str]:
    with store_process() as address:
        yield address


@pytest.fixture
def store(store_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with serving(store_address) as running:
        yield running


@pytest.fixture
def release(tmp_path: Path) -> ReleaseWriter:
    writer = ReleaseWriter(tmp_path / "site")
    writer.pages |= {f"/van-ban/so-{number}/": f"<p>Văn bản {number}</p>" for number in range(PAGES)}
    writer.add_file("a.pdf", b"pdf")
    return writer


def killed_after(writes: int, release: ReleaseWriter, store: StoreServer) -> None:
    """Deliver in a process of its own and kill -9 it once so many objects went through."""
    store.forget()
    store.hold_after = writes
    kill_when_it_waits(release, store)


def killed_at(request: str, times: int, release: ReleaseWriter, store: StoreServer) -> None:
    """The same, once a request was made so many times; that last one does not get through."""
    store.forget()
    store.hold_at = (request, times)
    kill_when_it_waits(release, store)


def kill_when_it_waits(release: ReleaseWriter, store: StoreServer) -> None:
    process = started(release, store)
    assert store.holding.wait(30), "the delivery did not get that far"
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    store.forget()


def started(release: ReleaseWriter, store: StoreServer) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", DELIVER, str(release.site), BUCKET, store.endpoint],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Killed


@pytest.mark.parametrize("writes", [0, 1, 20, PAGES])
def test_a_killed_first_delivery_is_finished_without_sending_again_what_arrived(
    release: ReleaseWriter, store: StoreServer, writes: int
) -> None:
    release.write()
    killed_after(writes, release, store)
    arrived = store.held()
    assert len(arrived) == writes
    outcome = send(release, store)
    assert arrived.isdisjoint(store.writes())
    assert outcome.sent == outcome.objects - writes
    assert_holds(store, release)


@pytest.mark.parametrize("writes", [1, 10, 21, 25])
def test_a_killed_update_is_finished_by_the_next_one(release: ReleaseWriter, store: StoreServer, writes: int) -> None:
    release.write()
    send(release, store)
    change(release)
    release.write()
    killed_after(writes, release, store)
    assert send(release, store).compared
    assert len(store.writes()) + len(store.deletions()) == 26 - writes
    assert_holds(store, release)
    assert not send(release, store).compared, "the state is believed again"


def test_a_killed_delivery_of_a_release_that_is_old_by_now_leaves_nothing_of_it(
    release: ReleaseWriter, store: StoreServer
) -> None:
    release.write()
    send(release, store)
    release.pages["/van-ban/chi-o-giua/"] = "only between"
    change(release)
    release.write()
    killed_after(22, release, store)
    del release.pages["/van-ban/chi-o-giua/"]
    release.write()
    send(release, store)
    assert_holds(store, release)


@pytest.mark.parametrize(
    ("request_", "times"),
    [
        ("PUT .delivery/lease.json", 1),
        ("PUT .delivery/lease.json", 2),
        ("PUT .delivery/state.json.gz", 1),
        ("PUT .delivery/lease.json", 3),
    ],
    ids=["taking the lease", "renewing it at the end", "writing the state", "finishing"],
)
def test_killed_at_its_own_bookkeeping_it_is_finished_by_the_next_one(
    release: ReleaseWriter, store: StoreServer, request_: str, times: int
) -> None:
    release.write()
    send(release, store)
    change(release)
    release.write()
    killed_at(request_, times, release, store)
    send(release, store)
    assert_holds(store, release)
    assert len(store.writes()) + len(store.deletions()) == (26 if times == 1 and request_.endswith(lease.KEY) else 0)
    assert not send(release, store).compared


def change(release: ReleaseWriter) -> None:
    """20 pages and the home page are other ones, five are gone: 26 requests that write."""
    for number in range(20):
        release.pages[f"/van-ban/so-{number}/"] = f"<p>Bản mới {number}</p>"
    release.pages["/"] = "<p>Trang chủ mới</p>"
    for number in range(35, 40):
        del release.pages[f"/van-ban/so-{number}/"]


def test_readers_never_meet_a_list_that_links_to_a_page_not_there_yet(
    release: ReleaseWriter, store: StoreServer
) -> None:
    release.write()
    send(release, store)
    release.pages |= {f"/tin-tuc/tin-{number}/": "mới" for number in range(10)}
    release.pages["/tin-tuc/"] = "links to them"
    release.write()
    killed_after(10, release, store)
    assert "tin-tuc/index.html" not in store.held()
    assert {f"tin-tuc/tin-{number}/index.html" for number in range(10)} <= store.held()


# Two at once


def test_a_second_delivery_from_the_same_site_is_refused(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    store.hold_after = 5
    first = started(release, store)
    assert store.holding.wait(30)
    with pytest.raises(LockedError, match="another process"):
        send(release, store)
    first.kill()
    first.communicate(timeout=10)


def test_a_second_delivery_from_another_machine_is_refused_until_the_first_is_silent_for_long(
    release: ReleaseWriter, store: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write()
    other = ReleaseWriter(tmp_path / "elsewhere", dict(release.pages), dict(release.files))
    other.write()
    killed_after(5, release, store)
    with pytest.raises(LockedError, match=r"another machine is delivering release 0+1 .* s ago"):
        send(other, store)
    assert store.writes() == []
    monkeypatch.setattr(lease, "PATIENCE", 1.0)
    time.sleep(2)
    send(other, store)
    assert_holds(store, other)


def test_a_delivery_that_was_taken_over_stops_and_its_state_is_not_believed(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWAL", 0.1)
    release.write()
    real = ObjectStore.send
    sent: list[object] = []

    def robbed(self: ObjectStore, wanted: object) -> None:
        sent.append(wanted)
        if len(sent) == 1:
            store.put(lease.KEY, b'{"token": "somebody", "release": "else"}')
        time.sleep(0.3)
        real(self, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(ObjectStore, "send", robbed)
    with pytest.raises(DeliveryError, match="somebody else"):
        send(release, store)
    assert len(sent) <= 16
    assert ".delivery/state.json.gz" not in store.held(all_=True)
    assert b"somebody" in store.get(lease.KEY)["Body"]


def test_a_delivery_that_slept_through_its_lease_stops(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write()
    monkeypatch.setattr(lease, "PATIENCE", -1.0)
    with pytest.raises(DeliveryError, match="lease"):
        send(release, store)
    assert store.writes() == []


# The store


def test_a_store_that_asks_to_slow_down_is_asked_again(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    store.refusals = 3
    send(release, store)
    assert_holds(store, release)


def test_a_store_that_stays_overloaded_ends_the_delivery_and_the_next_one_goes_on(
    release: ReleaseWriter, store: StoreServer
) -> None:
    release.write()
    send(release, store)
    change(release)
    release.write()
    store.forget()
    store.refusals = 1000
    with pytest.raises(DeliveryError, match="overloaded"):
        deliver(release.site, ObjectStore(BUCKET, "", store.endpoint, attempts=1))
    store.forget()
    send(release, store)
    assert_holds(store, release)


def test_a_key_without_permission_is_told_what_it_needs(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    store.refusals, store.refusal = 1, "AccessDenied"
    with pytest.raises(DeliveryError, match="PutObject and DeleteObject"):
        send(release, store)


def test_a_wrong_bucket_is_named(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    with pytest.raises(DeliveryError, match="s3://khong-co/: there is no such bucket"):
        deliver(release.site, ObjectStore("khong-co", "", store.endpoint))


def test_a_store_that_is_down_is_named(release: ReleaseWriter, store: StoreServer) -> None:
    release.write()
    with pytest.raises(DeliveryError, match="Could not connect to the endpoint URL"):
        deliver(release.site, ObjectStore(BUCKET, "", "http://127.0.0.1:9", attempts=1))


def test_missing_credentials_are_named(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    release.write()
    with pytest.raises(DeliveryError, match="AWS_ACCESS_KEY_ID"):
        send(release, store)


def test_a_release_pruned_while_it_is_delivered_ends_with_that_message_and_the_next_run_heals(
    release: ReleaseWriter, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write()
    send(release, store)
    change(release)
    release.write()
    real = ObjectStore.send

    def pruning(self: ObjectStore, wanted: object) -> None:
        for path in release.site.glob("objects/*/*/van-ban/so-1*"):
            path.unlink()
        real(self, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(ObjectStore, "send", pruning)
    with pytest.raises(DeliveryError, match="deliver again"):
        send(release, store)
    monkeypatch.undo()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    release.pages["/"] = "sau nữa"
    release.write()
    send(release, store)
    assert_holds(store, release)
