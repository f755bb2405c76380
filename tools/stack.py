"""The whole line as processes on this machine: CMS, publisher, preview renderer, index follower, search, alerts.

Used by the demo, the browser tests and the checks; production uses compose.yaml or its own units. Everything listens on
127.0.0.1. Only processes started here are ended, each by its own id.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tools.ports import free_port

ROOT = Path(__file__).resolve().parents[1]

_OF_THE_CMS = frozenset({"SECRET_KEY", "DATABASE_URL"})
# What a part is not told, as in compose.yaml: what readers reach holds nothing that opens a draft.
WITHHELD = {
    "publisher": _OF_THE_CMS | {"SEARCH_TOKEN"},
    "preview": _OF_THE_CMS | {"SEARCH_TOKEN"},
    "follow": _OF_THE_CMS | {"SEARCH_TOKEN", "FEED_TOKEN"},
    "search": _OF_THE_CMS | {"FEED_TOKEN"},
}


class StackError(RuntimeError):
    """Something of the line did not start; the message says which part, and where its log is."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen."""

    site: int = 8000
    cms: int = 8001
    preview: int = 8002

    @classmethod
    def free(cls) -> Self:
        """Three ports nobody uses at the moment."""
        return cls(free_port(), free_port(), free_port())


@dataclass
class Stack:
    """The parts, their data below `var`, and the environment they share."""

    var: Path
    ports: Ports = field(default_factory=Ports)
    elasticsearch_url: str = ""
    database_url: str = ""
    index_prefix: str = "bangtin"
    host: str = "localhost"
    extra: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def site_url(self) -> str:
        return f"http://{self.host}:{self.ports.site}"

    @property
    def cms_url(self) -> str:
        return f"http://{self.host}:{self.ports.cms}"

    @property
    def site_dir(self) -> Path:
        return self.var / "site"

    @property
    def feed_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.cms}/api/v1/changes/"

    @property
    def environment(self) -> dict[str, str]:
        """What the parts are started with, less what is `WITHHELD`. Secrets are made once and kept beside the data."""
        return {
            # CMS and search are two Django projects: whose settings are meant is said by each entry point.
            **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
            "PYTHONUNBUFFERED": "1",
            "VAR_DIR": str(self.var),
            "DATABASE_URL": self.database_url or f"sqlite:///{self.var / 'cms.sqlite3'}",
            "SECRET_KEY": self._secret("secret-key"),
            "FEED_TOKEN": self._secret("feed-token"),
            "SEARCH_TOKEN": self._secret("search-token"),
            "SITE_NAME": "Đảng bộ tỉnh Sơn Hà",
            "SITE_TAGLINE": "Văn bản, tin tức và hướng dẫn nghiệp vụ",
            "SITE_URL": self.site_url,
            "CMS_URL": self.cms_url,
            "PREVIEW_URL": f"http://{self.host}:{self.ports.preview}/preview/",
            "SEARCH_URL": f"http://127.0.0.1:{self.ports.site}",
            "SITE_DIR": str(self.site_dir),
            "ELASTICSEARCH_URL": self.elasticsearch_url,
            "SEARCH_INDEX_PREFIX": self.index_prefix,
            "HOST": "127.0.0.1",
            "PORT": str(self.ports.site),
            **self.extra,
        }

    def manage(self, *arguments: str, quiet: bool = True) -> str:
        """Run a command of the CMS to its end and return what it printed. Raises `StackError` with its last words."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
            check=False,
        )
        if done.returncode:
            raise StackError(f"manage.py {' '.join(arguments)} failed:\n{(done.stderr or done.stdout or '')[-3000:]}")
        return done.stdout

    def start_cms(self) -> None:
        self._check_port(self.ports.cms, "CMS")
        self._start(
            "cms", "-m", "gunicorn", "cms.wsgi", "--bind", f"127.0.0.1:{self.ports.cms}", "--threads", "8",
            "--no-control-socket", "--env", "DJANGO_SETTINGS_MODULE=cms.settings.local",
        )  # fmt: skip
        self._start("schedule", "manage.py", "run_schedule")
        self.wait_for("cms", f"http://127.0.0.1:{self.ports.cms}/admin/login/")

    def start_publisher(self) -> None:
        self._check_port(self.ports.preview, "preview")
        self._start("publisher", "-m", "publisher", "run", "--feed", self.feed_url, "--site", str(self.site_dir))
        self._start(
            "preview", "-m", "publisher", "serve-preview", "--cms", f"http://127.0.0.1:{self.ports.cms}",
            "--site", str(self.site_dir), "--port", str(self.ports.preview),
        )  # fmt: skip
        self.wait("publisher", lambda: (self.site_dir / "current").exists(), "made no release")

    def start_search(self) -> None:
        self._check_port(self.ports.site, "reading site")
        if self.elasticsearch_url:
            self._start("follow", "-m", "search", "follow", "--site", str(self.site_dir))
        self._start("search", "-m", "search", "serve")
        self.wait_for("search", f"http://127.0.0.1:{self.ports.site}/healthz")

    def start_alerts(self) -> None:
        """Start the worker that mails readers: what is new within seconds instead of the next morning."""
        self._start("alerts", "manage.py", "send_alerts", "--at-once", "--interval", "3")

    def start(self) -> Self:
        """Start all parts but the alerts and wait until each answers."""
        self.start_cms()
        self.start_publisher()
        self.start_search()
        return self

    def stop(self, *names: str) -> None:
        """End the named parts (all of them without names), politely first."""
        for name in names or reversed(list(self.processes)):
            process = self.processes.pop(name, None)
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait(self, name: str, condition: Callable[[], bool], failure: str, seconds: float = 120) -> None:
        """Wait until `condition` holds; raise `StackError` with the end of the log when the part dies before."""
        deadline = time.monotonic() + seconds
        while not condition():
            process = self.processes.get(name)
            if (process is not None and process.poll() is not None) or time.monotonic() > deadline:
                raise StackError(f"{name} {failure}; the end of {self.log(name)}:\n{self._tail(name)}")
            time.sleep(0.05)

    def wait_for(self, name: str, url: str) -> None:
        self.wait(name, lambda: answers(url), f"does not answer at {url}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _start(self, name: str, *arguments: str) -> None:
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        withheld = WITHHELD.get(name, frozenset())
        told = {variable: value for variable, value in self.environment.items() if variable not in withheld}
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=told, stdout=log, stderr=subprocess.STDOUT
            )

    def log(self, name: str) -> Path:
        """Where the named part writes what it has to say."""
        return self.var / "log" / f"{name}.log"

    def _tail(self, name: str) -> str:
        log = self.log(name)
        return log.read_text(errors="replace")[-2000:] if log.exists() else "(no log)"

    def _secret(self, name: str) -> str:
        path = self.var / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text()

    @staticmethod
    def _check_port(port: int, part: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise StackError(
                    f"Port {port} for the {part} is taken. End what listens there and try again."
                ) from error


def answers(url: str) -> bool:
    """Whether the address answers with a success right now."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  (addresses of our own processes)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
