"""``make real-check``: the real corpus through workflow, site and search, with the figures it gave.

Imports the documents and news pages of the corpus as drafts, submits them, approves each through the CMS's own review
page over HTTP, and waits until the reader's site shows it and the search finds it. Then asks for every page, number and
title. Exit code 0 when all targets are met.
"""

import argparse
import http.cookiejar
import json
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from contract.folding import fold
from tools.demo import DEMO_PASSWORD, say, search_server
from tools.stack import ROOT, Ports, Stack, StackError

UNIT = "tinh-uy-son-ha"
VISIBLE_SECONDS = 5.0  # target for the 95th percentile
GIVE_UP_SECONDS = 60.0


@dataclass(frozen=True)
class Item:
    """One imported item: what to approve and what to look for."""

    uuid: str
    title: str
    number: str
    path: str
    task_state: int


def main() -> int:
    """Run the check; 0 when every target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--limit", type=int, default=0, help="only the first so many documents (0: all)")
    parser.add_argument("--var", type=Path, help="an empty directory for the data and logs, kept afterwards")
    options = parser.parse_args()
    if not (options.corpus / "documents.jsonl").exists():
        say(f"There is no corpus at {options.corpus}; give its directory with --corpus.")
        return 2
    elasticsearch = search_server()
    with tempfile.TemporaryDirectory(prefix="bangtin-real-") as passing:
        stack = Stack(
            options.var or Path(passing),
            Ports.free(),
            elasticsearch,
            os.environ.get("DATABASE_URL", ""),
            "bangtin-real",
        )
        with stack:
            try:
                return _check(stack, options.corpus, options.limit)
            except StackError as error:
                say(str(error))
                return 1


def _check(stack: Stack, corpus: Path, limit: int) -> int:
    items = import_corpus(stack, corpus, limit)
    stack.start()
    say(f"Approving {len(items)} items one after the other, each until a reader can find it …")
    approver = Visitor(stack)
    approver.log_in("pheduyet")
    delays = [time_to_visible(stack, approver, item) for item in tqdm(items, unit=" item", disable=None)]
    say("Asking for every page, number and title …")
    figures = {
        "items": len(items),
        "pages found": share(items, lambda item: status_of(site(stack) + item.path) == 200),
        "numbers first": numbers_first(stack, items),
        "titles without diacritics in the first 3": share(items, lambda item: title_in_first(stack, item, 3)),
        "approve to visible, median s": round(statistics.median(delays), 2),
        "approve to visible, p95 s": round(percentile(delays, 95), 2),
        "approve to visible, worst s": round(max(delays), 2),
    }
    targets: dict[str, Callable[[float], bool]] = {
        "pages found": lambda value: value == 100,
        "numbers first": lambda value: value >= 99,
        "titles without diacritics in the first 3": lambda value: value >= 95,
        "approve to visible, p95 s": lambda value: value <= VISIBLE_SECONDS,
    }
    return report(figures, targets)


def import_corpus(stack: Stack, corpus: Path, limit: int) -> list[Item]:
    """Import the corpus as submitted drafts, with the product's own commands."""
    os.environ.update(stack.environment, DJANGO_SETTINGS_MODULE="cms.settings.local")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("load_demo", boards_only=True)
    documents = corpus / "documents.jsonl"
    if limit:
        shortened = stack.var / "documents.jsonl"
        shortened.write_text("".join(documents.read_text(encoding="utf-8").splitlines(keepends=True)[:limit]))
        documents = shortened
    say("Importing documents and news …")
    call_command("import_documents", str(documents), unit=UNIT)
    call_command("import_news", *map(str, sorted((corpus / "news").glob("*.txt"))), unit=UNIT)
    return submit_all()


def submit_all() -> list[Item]:
    """Hand every imported draft in, as the editor who imported them."""
    from django.contrib.auth import get_user_model
    from django.db import connection

    from cms.content.models import DocumentPage, NewsPage
    from cms.editorial.workflow import submit

    editor = get_user_model().objects.get(username="bientap")
    items = []
    for model in (DocumentPage, NewsPage):
        for page in model.objects.order_by("pk"):
            submit(page, editor)
            title = getattr(page, "full_title", "") or page.title
            number = getattr(page, "number", "")
            task_state = model.objects.get(pk=page.pk).current_workflow_task_state
            items.append(Item(str(page.uuid), title, number, page.address, task_state.pk))
    connection.close()
    return items


class Visitor:
    """Someone with a browser: keeps cookies, sends forms."""

    def __init__(self, stack: Stack) -> None:
        self._origin = f"http://127.0.0.1:{stack.ports.cms}"
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def log_in(self, username: str) -> None:
        form = {"username": username, "password": DEMO_PASSWORD, "next": "/admin/"}
        if "/login/" in self.send("/admin/login/", form):
            raise StackError(f"{username} cannot log in")

    def send(self, path: str, form: dict[str, str]) -> str:
        """Open the form's page, fill it in and send it; return the address it led to."""
        with self._opener.open(self._origin + path, timeout=30) as response:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', response.read().decode())
        if token is None:
            raise StackError(f"there is no form at {path}")
        data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
        request = urllib.request.Request(  # noqa: S310  (our own CMS)
            self._origin + path, data, {"Referer": self._origin + path}
        )
        with self._opener.open(request, timeout=30) as response:
            return str(response.url)


def time_to_visible(stack: Stack, approver: Visitor, item: Item) -> float:
    """Approve an item; return the seconds until the site shows it and the search server finds it."""
    started = time.monotonic()
    approver.send(f"/admin/editorial/review/{item.task_state}/", {"action": "approve", "comment": ""})
    on_site = False
    while time.monotonic() - started < GIVE_UP_SECONDS:
        on_site = on_site or status_of(site(stack) + item.path) == 200
        if on_site and found(stack, item):
            return time.monotonic() - started
        time.sleep(0.05)
    raise StackError(f"{item.path} was approved but is not visible after {GIVE_UP_SECONDS:.0f} s")


def found(stack: Stack, item: Item) -> bool:
    """Whether the search finds the item, from the real server where there is one."""
    answer = search(stack, item.number or item.title)
    if stack.elasticsearch_url and answer.get("engine") == "fallback":
        return False
    return any(result["id"] == item.uuid for result in answer["results"])


def numbers_first(stack: Stack, items: list[Item]) -> float:
    """Per cent of the documents with a number that stand first (or among the first, where numbers repeat)."""
    numbered = [item for item in items if item.number]
    same = {item.number: [other.uuid for other in numbered if other.number == item.number] for item in numbered}

    def first(item: Item) -> bool:
        results = search(stack, item.number)["results"]
        return item.uuid in [result["id"] for result in results[: len(same[item.number])]]

    return share(numbered, first)


def title_in_first(stack: Stack, item: Item, places: int) -> bool:
    """Whether the title, typed without diacritics, gives the item in the first places."""
    results = search(stack, fold(item.title))["results"]
    return item.uuid in [result["id"] for result in results[:places]]


def search(stack: Stack, query: str) -> Any:
    """What `/api/search/` answers."""
    while True:
        try:
            url = f"{site(stack)}/api/search/?{urllib.parse.urlencode({'q': query})}"
            with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310  (our own service)
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code != 429:  # asked too often: wait as told
                raise
            time.sleep(float(error.headers.get("Retry-After", "1")))


def site(stack: Stack) -> str:
    return f"http://127.0.0.1:{stack.ports.site}"


def status_of(url: str) -> int:
    """HTTP status of an address."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310  (our own service)
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def share(items: list[Item], holds: Callable[[Item], bool]) -> float:
    """Per cent of the items for which something holds; the others are named."""
    bad = [item for item in tqdm(items, unit=" item", disable=None, leave=False) if not holds(item)]
    for item in bad[:10]:
        say(f"  not so: {item.number or item.title[:60]}  {item.path}")
    return round(100 * (len(items) - len(bad)) / max(1, len(items)), 2)


def percentile(values: list[float], per_cent: int) -> float:
    """The smallest value that at least so many per cent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * per_cent // 100) - 1)]


def report(figures: dict[str, float], targets: dict[str, Callable[[float], bool]]) -> int:
    """Print the figures with their verdicts and keep them in var/bench; 1 when a target is missed."""
    missed = [name for name, met in targets.items() if not met(figures[name])]
    for name, value in figures.items():
        verdict = "" if name not in targets else ("  met" if name not in missed else "  MISSED")
        say(f"{name:45} {value:>10}{verdict}")
    directory = ROOT / "var" / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "real-check.json").write_text(json.dumps(figures, indent=2))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
