"""Where in a release a page or a record lies: spread over small directories that releases can share.

A directory of 100,000 entries cannot be made anew for every approval; two thousand directories of fifty can, one at a
time. Which directory holds a page must be known to a web server from the address alone, so it is what nginx's
``split_clients`` computes: MurmurHash2 of the address, in parts of 0.05 %. ``python -m contract.shards`` prints the
rule for nginx, kept as ``deploy/nginx/shards.conf``; tests compare the two on a real nginx.
"""

import sys
from collections.abc import Iterator
from uuid import UUID

# A change makes some ten to twenty shards anew, each with its group, and the list of groups: 100 groups of 20 is about
# the least to make.
PAGE_GROUPS = 100
PAGE_SHARDS_A_GROUP = 20
PAGE_SHARDS = PAGE_GROUPS * PAGE_SHARDS_A_GROUP
# nginx gives every part of 0.05 % this many of the 2^32 - 1 values, rounded down, and the rest to the last one.
_VALUES_A_SHARD = (2**32 - 1) * (10_000 // PAGE_SHARDS) // 10_000
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF

PAGE_SUFFIX = ".html"
GONE_SUFFIX = ".gone"


def page_shard_number(address: str) -> int:
    """The number of the shard that holds the page at `address`; with or without its last slash it is the same one."""
    return min(murmur2((address.rstrip("/") or "/").encode()) // _VALUES_A_SHARD, PAGE_SHARDS - 1)


def page_shard_name(number: int) -> str:
    """The directory of a shard below ``pages/``: ``07/31``."""
    group, shard = divmod(number, PAGE_SHARDS_A_GROUP)
    return f"{group:02d}/{shard:02d}"


def page_name(address: str) -> str:
    """The name of a page below its shard: ``/van-ban/x/`` gives ``van-ban/x.html``, ``/feed.atom`` itself."""
    if not address.endswith("/"):
        return address.lstrip("/")
    return (address.strip("/") or "index") + PAGE_SUFFIX


def gone_name(address: str) -> str:
    """The name, below its shard, of the empty file that marks a withdrawn address."""
    return address.strip("/") + GONE_SUFFIX


def record_shard(item: UUID) -> str:
    """The directory of an item's record below ``records/``: ``ab/c``, the first three digits of the id."""
    digits = item.hex
    return f"{digits[:2]}/{digits[2]}"


def murmur2(data: bytes) -> int:
    """MurmurHash2 by Austin Appleby (32 bits, seed 0), as nginx's ``ngx_murmur_hash2``."""
    value = len(data)
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        k = (k ^ (k >> 24)) * _MULTIPLIER & _MASK
        value = (value * _MULTIPLIER & _MASK) ^ k
    if tail := data[whole:]:
        value = (value ^ int.from_bytes(tail, "little")) * _MULTIPLIER & _MASK
    value = (value ^ (value >> 13)) * _MULTIPLIER & _MASK
    return value ^ (value >> 15)


def nginx_rule() -> Iterator[str]:
    """The lines of an nginx file: ``$page_shard`` follows from ``$page_address``, an address without its last slash."""
    yield "# Which directory below pages/ holds the page at $page_address."
    yield "# Written by: python -m contract.shards > deploy/nginx/shards.conf"
    yield "split_clients $page_address $page_shard {"
    for number in range(PAGE_SHARDS - 1):
        yield f"    {100 / PAGE_SHARDS:g}% {page_shard_name(number)};"
    yield f"    * {page_shard_name(PAGE_SHARDS - 1)};"
    yield "}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in nginx_rule())
