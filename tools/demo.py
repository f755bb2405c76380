"""``make demo``: the whole line with the demo province, on this machine. ``--check`` ends when it answers."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tools.stack import ROOT, Ports, Stack, StackError

DEMO_PASSWORD = "bang-tin-2026"  # noqa: S105  (as in cms/importing/demo/boards.py; the demo is local)


def main() -> int:
    """Run the demo; 0 when everything answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="end with 0 as soon as site and search answer")
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "demo", help="where the demo keeps its data")
    parser.add_argument("--free-ports", action="store_true", help="take free ports instead of 8000 to 8002")
    options = parser.parse_args()
    started = time.monotonic()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    elasticsearch = search_server()
    ports = Ports.free() if options.free_ports else Ports()
    mails_to_the_log = {"LOCAL_EMAIL": "console"}
    with Stack(options.var, ports, elasticsearch, index_prefix="bangtin-demo", extra=mails_to_the_log) as stack:
        try:
            say("Preparing the database …")
            stack.manage("migrate", "--verbosity", "0")
            say("Loading the demo content through the approval workflow …")
            stack.manage("load_demo", quiet=False)
            say("Starting CMS, publisher and search …")
            stack.start()
            check(stack)
            if elasticsearch:  # without it nobody is offered alerts
                stack.start_alerts()
        except StackError as error:
            say(str(error))
            return 1
        say(f"Ready after {time.monotonic() - started:.0f} s.\n{instructions(stack)}")
        if not options.check:
            stop.wait()
            say("Stopping …")
    return 0


def search_server() -> str:
    """Address of an Elasticsearch server; empty when none can be had here, and the search uses its own fallback."""
    if os.environ.get("DEMO_SEARCH") == "fallback":
        say("Searching with the embedded fallback, as asked (DEMO_SEARCH=fallback).")
        return ""
    done = subprocess.run(
        [sys.executable, "-m", "tools.elasticsearch_server", "start"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        say("No Elasticsearch here: the search answers from its embedded fallback.")
        return ""
    return done.stdout.strip().splitlines()[-1]


def check(stack: Stack) -> None:
    """Wait until a reader can find a demo document: on the site and, without diacritics, in the search."""
    base = f"http://127.0.0.1:{stack.ports.site}"
    query = urllib.parse.urlencode({"q": "nghi quyet sinh hoat chi bo"})
    wanted = f"{base}/api/search/?{query}"

    def found() -> bool:
        try:
            with urllib.request.urlopen(wanted, timeout=5) as response:  # noqa: S310
                answer = json.load(response)
            if not answer["results"] or (stack.elasticsearch_url and answer.get("engine") == "fallback"):
                return False
            with urllib.request.urlopen(base + answer["results"][0]["url"], timeout=5) as page:  # noqa: S310
                return bool(page.status == 200)
        except OSError:
            return False

    stack.wait("search", found, "does not find the demo content")


def instructions(stack: Stack) -> str:
    """What a person needs to look around."""
    engine = "Elasticsearch" if stack.elasticsearch_url else "embedded fallback (SQLite FTS5)"
    mails = stack.log("alerts") if stack.elasticsearch_url else "none: alerts need Elasticsearch"
    return f"""
  Reading site  {stack.site_url}/
  Search        {stack.site_url}/tim-kiem/   ({engine})
  CMS           {stack.cms_url}/admin/
  Mails         {mails}
  Log-ins       bientap (editor), thamdinh (reviewer), pheduyet (approver); password {DEMO_PASSWORD}

  Try it: log in as bientap, write a news item below “Tỉnh ủy Sơn Hà”, submit it; log in as pheduyet (another
  browser or a private window), approve it, and reload the reading site. Then follow a search: “Nhận thư báo khi có kết
  quả mới” below its results, the link in the mail, and an item that it finds and you approve: the next mail names it.
"""


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
