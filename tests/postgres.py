"""A throw-away PostgreSQL for tests that need the production database: started empty, gone afterwards.

Everything lies in a temporary directory and listens on 127.0.0.1 only. The server refuses root, so root starts it as
another user.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tools.ports import free_port

START_SECONDS = 60
STOP_SECONDS = 30
SUPERUSER = "bangtin"
# Nothing here outlives the test, so nothing has to survive a power cut.
_SPEED = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class PostgresMissingError(RuntimeError):
    """PostgreSQL is not installed; the message says what to do."""


class PostgresStartError(RuntimeError):
    """PostgreSQL is there and does not start; the message holds the end of its log."""


def binaries() -> Path:
    """The directory of ``initdb`` and ``postgres``: on PATH, or Debian's newest. Raises `PostgresMissingError`."""
    found = [Path(name).resolve().parent for name in [shutil.which("initdb")] if name]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for directory in found:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise PostgresMissingError("PostgreSQL is not installed (Debian: apt-get install postgresql)")


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database of a server of its own: ``postgres://…``.

    Raises `PostgresMissingError` or `PostgresStartError`.
    """
    programs, user = binaries(), _unprivileged_user()
    with tempfile.TemporaryDirectory(prefix="bangtin-postgres-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        if user:
            shutil.chown(directory, user)
        data, log, port = directory / "data", directory / "log", free_port()
        _run(
            programs / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--no-sync", user=user, cwd=directory,
        )  # fmt: skip
        with log.open("wb") as stream:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", directory, *_SPEED],
                user=user,
                cwd=directory,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"postgres://{SUPERUSER}@127.0.0.1:{port}/postgres"
            _wait(server, url, log)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # SIGTERM would wait for the connections of a test that failed
            server.wait(STOP_SECONDS)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(*command: object, user: str | None, cwd: Path) -> None:
    done = subprocess.run(list(map(str, command)), user=user, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PostgresStartError(f"{command[0]} failed:\n{done.stderr[-2000:]}")


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise PostgresStartError(f"PostgreSQL does not answer at {url}:\n{tail}") from error
            time.sleep(0.1)
        else:
            return
