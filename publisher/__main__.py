"""The publisher's command line: ``python -m publisher COMMAND``; docs/publisher.md lists them."""

import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

from publisher import logs, preview
from publisher.checks import ReleaseCheck
from publisher.delivering import deliver
from publisher.engine import REPLICA, RETRY_ON_START, Publisher, follow, go_back, today
from publisher.errors import NoSuchReleaseError, PublisherError
from publisher.feed import open_feed
from publisher.monitoring import Monitor
from publisher.object_store import ObjectStore
from publisher.releases import RUN_LOCK, Site
from publisher.replica import Replica, State
from publisher.reporting import Reporter, cms_origin
from publisher.settings import Settings
from publisher.watching import StepOutcome, Watchers


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 when it did what it says, 1 with a message on standard error when not."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        logs.set_up(settings.log_format)
        return int(options.command(options, settings) or 0)
    except PublisherError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _build(options: argparse.Namespace, settings: Settings) -> None:
    with closing(_publisher(options, settings, resident=False)) as publisher:
        outcome = publisher.step(options.day or today(), always=True, retry=RETRY_ON_START)
        if outcome is not None:
            _tell(outcome)
        while publisher.tidy_up():
            pass


def _run(options: argparse.Namespace, settings: Settings) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        stack.enter_context(Site(options.site).lock(0, RUN_LOCK))
        reporter = Reporter(cms_origin(settings.cms_url, options.feed), settings.feed_token)
        stack.callback(reporter.close)
        monitor = Monitor()
        if settings.monitor_port:
            monitor.serve(settings.monitor_host, settings.monitor_port)
            stack.callback(monitor.close)
        watchers = Watchers(monitor, logs.Teller(), reporter)
        publisher = stack.enter_context(closing(_publisher(options, settings, resident=True, working=watchers.working)))
        follow(publisher, stop, options.interval, watchers)


def _releases(options: argparse.Namespace, settings: Settings) -> None:
    del settings
    site = _existing_site(options.site)
    current = site.current()
    for name in reversed(site.names()):
        mark = "*" if name == current else " "
        if (manifest := site.manifest(name)) is not None:
            print(f"{mark} {name}  seq {manifest.seq}  {manifest.day:%d/%m/%Y}  {manifest.items} items")
        else:
            print(f"{mark} {name}  of another version of the publisher, or damaged: goes with the next build")


def _rollback(options: argparse.Namespace, settings: Settings) -> None:
    print(go_back(_existing_site(options.site), settings, options.name))


def _status(options: argparse.Namespace, settings: Settings) -> None:
    site = _existing_site(options.site)
    if not (site.root / REPLICA).exists():
        raise NoSuchReleaseError(f"{site.root} has no replica; python -m publisher build makes one")
    with closing(Replica(site.root / REPLICA, settings.site_url, writable=False)) as replica:
        print(f"release   {site.current() or 'none'}")
        print(f"position  {replica.position}")
        print(f"live      {replica.live_count()}")
        print(f"hidden    {replica.count(State.HIDDEN)}")
        print(f"withdrawn {replica.count(State.WITHDRAWN)}")
        for entry in replica.set_aside():
            print(f"set aside seq {entry.seq or '?'} {entry.id or '?'}: {entry.reason}")


def _check(options: argparse.Namespace, settings: Settings) -> int:
    site = _existing_site(options.site)
    name = site.current()
    if name is None:
        raise NoSuchReleaseError(f"{site.root} has no current release")
    problems = list(ReleaseCheck(site, name).problems())
    if options.feed:
        problems += _differences_from_a_fresh_build(site, name, options.feed, settings)
    for problem in problems:
        print(problem)
    print(f"{name}: {len(problems) or 'no'} problems")
    return 1 if problems else 0


def _differences_from_a_fresh_build(site: Site, name: str, feed: str, settings: Settings) -> list[str]:
    """Build the site again from the feed, beside it, and compare: equal directories have equal names."""
    manifest = site.manifest(name)
    with tempfile.TemporaryDirectory(prefix=".checking-", dir=site.root) as directory:
        fresh = Site(Path(directory))
        with closing(Publisher(fresh, open_feed(feed, settings.feed_token), settings)) as publisher:
            publisher.step(manifest.day if manifest else today(), always=True, retry=RETRY_ON_START)
        again = fresh.manifest(fresh.current() or "")
    if manifest is None or again is None:
        return ["the release or the fresh build cannot be read"]
    if manifest.seq != again.seq:
        return [f"the feed has gone on to seq {again.seq}, the release is of seq {manifest.seq}: check again"]
    return [
        f"{tree} differs from a fresh build of the feed"
        for tree, root in manifest.trees.items()
        if again.trees.get(tree) != root
    ]


def _deliver(options: argparse.Namespace, settings: Settings) -> None:
    del settings
    site = _existing_site(options.site)
    store = ObjectStore(options.bucket, options.prefix, options.endpoint)
    print(deliver(site.root, store, release=options.release, dry_run=options.dry_run, take_over=options.take_over))


def _serve_preview(options: argparse.Namespace, settings: Settings) -> None:
    preview.serve(options.cms, options.site, options.port, settings)


def _publisher(
    options: argparse.Namespace, settings: Settings, *, resident: bool, working: Callable[[], None] = lambda: None
) -> Publisher:
    feed = open_feed(options.feed, settings.feed_token)
    return Publisher(Site(options.site), feed, settings, resident=resident, working=working)


def _existing_site(path: Path) -> Site:
    if not path.is_dir():
        raise NoSuchReleaseError(f"{path} is not a site directory; python -m publisher build makes one")
    return Site(path)


def _tell(outcome: StepOutcome) -> None:
    what = f"{outcome.pages_written} pages written" if outcome.changed else "nothing changed"
    print(
        f"{outcome.release}: seq {outcome.seq}, {outcome.items} items, {outcome.hidden} hidden, {what}, "
        f"{outcome.seconds:.2f} s",
        flush=True,
    )
    for entry in outcome.set_aside:
        print(f"set aside: seq {entry.seq or '?'} {entry.id or '?'}: {entry.reason}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m publisher", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, help_: str, function: object) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_)
        sub.set_defaults(command=function)
        if name != "serve-preview":
            sub.add_argument("--site", type=Path, required=True, help="site directory")
        return sub

    build = command("build", "build one release from a feed", _build)
    build.add_argument("--feed", required=True, help="address of the changes feed, or a JSON Lines file")
    build.add_argument(
        "--day", type=date.fromisoformat, help="work out validity for this day (YYYY-MM-DD) instead of today"
    )
    run = command("run", "follow a feed: a new release for every batch of changes", _run)
    run.add_argument("--feed", required=True, help="address of the changes feed, or a JSON Lines file")
    run.add_argument("--interval", type=float, default=0.5, help="seconds between polls (0.5)")
    command("releases", "list the kept releases, newest first; * is the one readers see", _releases)
    rollback = command("rollback", "show readers an older release until the next build", _rollback)
    rollback.add_argument("name", nargs="?", help="the release to show; without it the one before the current")
    command("status", "position, counts and what was set aside", _status)
    check = command("check", "look through the current release: damage, dead links, missing pages", _check)
    check.add_argument("--feed", help="also build the feed anew beside it and compare, byte for byte")
    delivery = command("deliver", "make a bucket of an S3-compatible store hold the current release", _deliver)
    delivery.add_argument("--bucket", required=True, help="name of the bucket")
    delivery.add_argument("--prefix", default="", help="below which keys the site lies (none)")
    delivery.add_argument("--endpoint", help="address of the store, where it is not Amazon's")
    delivery.add_argument("--release", help="another release than the current one")
    delivery.add_argument("--take-over", action="store_true", help="delete what others put below the prefix")
    delivery.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    serve = command("serve-preview", "serve previews of drafts to editors", _serve_preview)
    serve.add_argument("--cms", required=True, help="origin of the CMS, e.g. http://127.0.0.1:8001")
    serve.add_argument("--site", type=Path, help="site directory, for relations and units")
    serve.add_argument("--port", type=int, default=8002)
    return parser


if __name__ == "__main__":
    sys.exit(main())
