"""Pages and records are spread evenly over directories, by rules that never change."""

import re
from collections import Counter
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.addresses import PREFIXES, RESERVED_SLUGS, REVOKED_PATH, check_path
from contract.release import gone_path, page_path, record_path
from contract.shards import (
    PAGE_SHARDS,
    gone_name,
    murmur2,
    nginx_rule,
    page_name,
    page_shard_name,
    page_shard_number,
    record_shard,
)

slugs = st.from_regex(r"[a-z0-9]+(?:-[a-z0-9]+)*", fullmatch=True)
addresses = (
    st.lists(slugs, min_size=1, max_size=4)
    .map(lambda parts: f"/{'/'.join(parts)}/")
    .filter(lambda address: len(address) <= 240)
)


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"", 0), (b"a", 0x92685F5E), (b"ab", 0x1AA14063), (b"abc", 0x13577C9B), (b"abcd", 0x26873021)],
)
def test_the_hash_is_that_of_the_reference_in_c(data: bytes, value: int) -> None:
    assert murmur2(data) == value


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/", "pages/65/08/index.html"),
        ("/404.html", "pages/36/13/404.html"),
        ("/410.html", "pages/14/18/410.html"),
        (REVOKED_PATH, "pages/13/06/thu-hoi.json"),
    ],
)
def test_a_page_lies_where_it_lay_in_every_release_before(address: str, path: str) -> None:
    assert page_path(address) == path


def test_a_page_has_the_name_of_its_address() -> None:
    assert page_name("/") == "index.html"
    assert page_name("/van-ban/nghi-quyet-71-nq-tw/") == "van-ban/nghi-quyet-71-nq-tw.html"
    assert page_name("/van-ban/feed.atom") == "van-ban/feed.atom"
    assert gone_name("/van-ban/nghi-quyet-71-nq-tw/") == "van-ban/nghi-quyet-71-nq-tw.gone"


@given(addresses)
def test_a_page_and_its_marker_lie_in_one_directory_with_and_without_the_last_slash(address: str) -> None:
    assert check_path(address)
    assert page_shard_number(address) == page_shard_number(address.rstrip("/"))
    page, gone = page_path(address), gone_path(address)
    assert page.removesuffix(".html") == gone.removesuffix(".gone")
    assert re.fullmatch(r"pages/\d\d/[01]\d/[a-z0-9/-]+\.html", page)


@given(addresses, addresses)
def test_two_addresses_never_share_a_file(one: str, other: str) -> None:
    assert (page_path(one) == page_path(other)) is (one == other)


@given(st.text(max_size=60))
def test_every_address_there_can_be_has_a_shard(text: str) -> None:
    assert 0 <= page_shard_number(f"/{text.encode('utf-8', 'replace').decode()}") < PAGE_SHARDS


def test_pages_of_a_large_site_are_spread_evenly() -> None:
    counts = Counter(page_shard_number(f"/van-ban/nghi-quyet-{number}-nq-tw/") for number in range(100_000))
    assert len(counts) == PAGE_SHARDS
    assert max(counts.values()) < 2 * 50


def test_no_page_of_the_site_is_called_like_a_notice_or_the_home_page() -> None:
    special = {page_path(address) for address in ("/", "/404.html", "/410.html")}
    others = {*PREFIXES.values(), "/index/", "/404/", "/410/", *(f"/{slug}/" for slug in RESERVED_SLUGS)}
    assert special.isdisjoint(page_path(address) for address in others)


def test_records_are_spread_by_the_first_digits_of_their_ids() -> None:
    item = UUID("ab3f0000-0000-4000-8000-000000000001")
    assert record_path(item) == "records/ab/3/ab3f0000-0000-4000-8000-000000000001.json"
    shards = Counter(record_shard(uuid5(item, str(number))) for number in range(100_000))
    assert len(shards) == 4096
    assert max(shards.values()) < 2.5 * 100_000 / 4096


def test_the_rule_for_nginx_names_every_shard_once_and_in_order() -> None:
    lines = list(nginx_rule())
    named = [line.split()[-1].rstrip(";") for line in lines if "/" in line and line.startswith(" ")]
    assert named == [page_shard_name(number) for number in range(PAGE_SHARDS)]
