"""The command line: ``python -m search follow|rebuild|check|serve``."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from threading import Event

from elasticsearch import ApiError, TransportError

from search.connections import connect_for_indexing
from search.following import Follower
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.releases import BrokenReleaseError, Release, current_release
from search.service.serving import ConfigurationError, serve

OK, DRIFTED, FAILED = 0, 1, 2


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
        indexer = ReleaseIndexer(connect_for_indexing(options.elasticsearch), IndexNames(options.prefix))
        commands = {"follow": _follow, "rebuild": _rebuild, "check": _check}
        return commands[options.command](Path(options.site), indexer)
    except (ConfigurationError, BrokenReleaseError, ApiError, TransportError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _follow(site: Path, indexer: ReleaseIndexer) -> int:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Follower(site, indexer).run(stop)
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
    drift = indexer.drift(release)
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
    commands.add_parser("serve", help="serve searches (settings from the environment)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
