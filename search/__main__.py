"""The command line: ``python -m search follow|rebuild|check|serve``."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

from elasticsearch import ApiError, TransportError

from search.connections import connect_for_indexing
from search.following import CHECK_HOUR, Follower
from search.gate import GateError
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.rebuilding import Sharding
from search.releases import BrokenReleaseError, Release, current_release
from search.service.serving import ConfigurationError, serve
from search.writing import IndexAheadError, RefusedForNowError

OK, DRIFTED, FAILED = 0, 1, 2
_TOLD = (
    ConfigurationError, BrokenReleaseError, GateError, IndexAheadError, RefusedForNowError, ApiError, TransportError
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("elastic_transport").setLevel(logging.WARNING)
    try:
        if options.command == "serve":
            serve()
            return OK
        if not options.site or not options.elasticsearch:
            raise ConfigurationError("--site and --elasticsearch (or SITE_DIR and ELASTICSEARCH_URL) are needed.")
        client, names = connect_for_indexing(options.elasticsearch), IndexNames(options.prefix)
        indexer = ReleaseIndexer(client, names, Sharding(options.shards, options.replicas))
        if options.command == "follow":
            return _follow(Path(options.site), indexer, options.check_hour)
        return {"rebuild": _rebuild, "check": _check}[options.command](Path(options.site), indexer)
    except _TOLD as error:
        print(error, file=sys.stderr)
        return FAILED


def _follow(site: Path, indexer: ReleaseIndexer, check_hour: int) -> int:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Follower(site, indexer, check_hour=check_hour).run(stop)
    return OK


def _rebuild(site: Path, indexer: ReleaseIndexer) -> int:
    report = indexer.rebuild(_release(site))
    print(
        f"release {report.release}: {report.upserted} items, {report.provisions} provisions, {report.failed} failed",
    )
    return FAILED if report.failed else OK


def _check(site: Path, indexer: ReleaseIndexer) -> int:
    """Tells every id that differs; exit code 1 when there is one."""
    release = _release(site)
    drift = indexer.drift(release, provisions=True)
    for item in drift.upserted:
        print(f"missing or outdated in the index: {item}")
    for removed in drift.removed:
        print(f"in the index but not in the release: {removed}")
    if not drift:
        print(f"The index holds exactly release {release.name}.")
    return DRIFTED if drift else OK


def _release(site: Path) -> Release:
    release = current_release(site)
    if release is None:
        raise BrokenReleaseError(f"{site} has no release; run: python -m publisher build --site {site} --feed FEED")
    return release


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m search", description="Index releases and serve searches.")
    commands = parser.add_subparsers(dest="command", required=True)
    texts = {
        "follow": "take every new release into the index, until stopped",
        "rebuild": "build the index anew and switch to it in one step",
        "check": "compare the index with the release; exit code 1 when they differ",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--site", default=os.environ.get("SITE_DIR"), help="directory of the site")
        command.add_argument("--elasticsearch", default=os.environ.get("ELASTICSEARCH_URL"), help="address")
        command.add_argument("--prefix", default=os.environ.get("SEARCH_INDEX_PREFIX", "bangtin"))
        command.add_argument("--shards", type=_at_least(1), default=os.environ.get("SEARCH_SHARDS", "1"))
        command.add_argument("--replicas", type=_at_least(0), default=os.environ.get("SEARCH_REPLICAS", "0"))
        if name == "follow":
            hour = os.environ.get("SEARCH_CHECK_HOUR", str(CHECK_HOUR))
            command.add_argument("--check-hour", type=int, choices=range(24), default=hour, help="of the daily check")
    commands.add_parser("serve", help="serve searches (settings from the environment)")
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
