"""While `current` is switched readers get whole pages of one release or the other, and nothing else."""

import gzip
import http.client
import itertools
import re
import threading
import time
from collections import Counter

from tests.deployment.web_server import WebServer, ask_over, needs_nginx, release
from tests.search.shared_directories import point_to

RELEASES = ("r0000000011-aaaaaaaa", "r0000000012-bbbbbbbb")
ADDRESSES = ["/", "/feed.atom", *(f"/van-ban/nghi-quyet-{number}/" for number in range(40))]
READERS = 3
SWITCHES = 200
# One release has longer pages than the other, so that a length of one and a body of the other would not fit.
LINES = {RELEASES[0]: 100, RELEASES[1]: 700}


def page(name: str, address: str) -> str:
    return "".join(f"<p>{address} dòng {line} của {name}</p>\n" for line in range(LINES[name]))


def read_all(port: int, accepted: str, stop: threading.Event, seen: Counter[tuple[int, str, str]]) -> None:
    """Ask for page after page; notes status, address and the name of every release the body speaks of."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for address in itertools.cycle(ADDRESSES):
        if stop.is_set():
            break
        answer = ask_over(connection, address, Accept_Encoding=accepted)
        body = gzip.decompress(answer.body) if answer.headers["Content-Encoding"] == "gzip" else answer.body
        names = sorted(set(re.findall(r"r\d{10}-\w{8}", body.decode())))
        whole = len(names) == 1 and body.decode() == page(names[0], address)
        seen[answer.status, address, names[0] if whole else f"mixed or cut: {names}"] += 1
    connection.close()


@needs_nginx
def test_readers_see_the_old_or_the_new_release_while_it_is_switched(web: WebServer) -> None:
    for seq, name in enumerate(RELEASES, start=11):
        release(web.site, name, seq, pages={address: page(name, address) for address in ADDRESSES})
    point_to(web.site, RELEASES[0])
    stop, seen = threading.Event(), [Counter() for _ in range(READERS)]
    readers = [
        threading.Thread(target=read_all, args=(web.port, accepted, stop, counter))
        for accepted, counter in zip(("identity", "gzip", "identity"), seen, strict=True)
    ]
    for reader in readers:
        reader.start()
    names = itertools.cycle(reversed(RELEASES))
    for _ in range(SWITCHES):
        point_to(web.site, next(names))
        time.sleep(0.01)
    stop.set()
    for reader in readers:
        reader.join()
    together = sum(seen, Counter())
    assert together.total() > SWITCHES
    assert {status for status, _, _ in together} == {200}
    assert {name for _, _, name in together} == set(RELEASES)
