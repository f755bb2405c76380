"""nginx finds a page where the contract says the publisher puts it."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.addresses import MAX_PATH_BYTES, REVOKED_PATH
from contract.release import page_path
from contract.shards import nginx_rule
from tests.deployment.web_server import (
    CONFIGURATION,
    ask_over,
    end,
    needs_nginx,
    reading_site,
    start_nginx,
)
from tools.ports import free_port

ANSWER = "server {{ listen 127.0.0.1:{port}; location / {{ return 200 pages/$page_shard$page_file; }} }}"

segments = st.from_regex(r"[a-z0-9]+(?:-+[a-z0-9]+)*", fullmatch=True)
pages = st.lists(segments, max_size=4).map(lambda parts: "/" + "".join(f"{part}/" for part in parts))
files = st.builds(
    lambda page, name: f"{page}{name}", pages, st.sampled_from(["feed.atom", "sitemap.xml", "robots.txt"])
)
addresses = (pages | files | st.just(REVOKED_PATH)).filter(lambda address: len(address) <= MAX_PATH_BYTES)


@pytest.fixture(scope="module")
def asked(home: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server that tells which file the configuration of the reading site makes of an address."""
    place, port = home / "shards", free_port()
    conf = reading_site(place, home, free_port())
    (place / "conf.d" / "answer.conf").write_text(ANSWER.format(port=port))
    process = start_nginx(place, conf, port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    yield connection
    connection.close()
    end(process)


@needs_nginx
@settings(max_examples=100, deadline=None)
@given(st.lists(addresses, min_size=10, max_size=30))
def test_nginx_looks_for_every_page_where_the_contract_says_it_lies(
    asked: http.client.HTTPConnection, wanted: list[str]
) -> None:
    assert [ask_over(asked, address).text for address in wanted] == [page_path(address) for address in wanted]


def test_the_rule_of_nginx_is_the_one_of_the_contract() -> None:
    written = (CONFIGURATION / "shards.conf").read_text(encoding="utf-8").splitlines()
    assert written == list(nginx_rule()), "write it anew: python -m contract.shards > deploy/nginx/shards.conf"


@pytest.mark.parametrize("status", [404, 410])
def test_the_notices_are_looked_for_where_they_lie(status: int) -> None:
    text = (CONFIGURATION / "reading-site.conf").read_text(encoding="utf-8")
    block = re.search(rf"location = /{status}\.html \{{[^}}]*root \$\{{SITE_DIR\}}/current/([^;]+);", text)
    assert block is not None
    assert f"{block[1]}/{status}.html" == page_path(f"/{status}.html")
