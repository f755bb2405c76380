"""Runs a command and says what it took: wall time, processor time and memory, of it and all processes it started."""

import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import ROOT

# Seconds between two looks. A look costs a few milliseconds of a core.
INTERVAL = 0.2
PROC = Path("/proc")


@dataclass
class Usage:
    """What a command took, in seconds and in megabytes (10^6).

    `main` is the largest resident size of its first process, `tree` the largest sum of the proportional shares of all
    of its processes, in which memory they share counts once.
    """

    wall: float = 0.0
    cpu: float = 0.0
    main: float = 0.0
    tree: float = 0.0


def measured(command: list[str], environment: Mapping[str, str], log: Path) -> Usage:
    """Run a command to its end and measure it. Raises `RuntimeError` with its last words when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    usage = Usage()
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=output, stderr=output)
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, ended, usage))
        watcher.start()
        _, status, resources = os.wait4(process.pid, 0)
        usage.wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
    # Of itself and of every descendant that was waited for.
    usage.cpu = resources.ru_utime + resources.ru_stime
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return usage


def tree_megabytes(pid: int) -> float:
    """The memory of a process and all below it, shared pages counted once."""
    return sum(_field(process, "smaps_rollup", "Pss:") for process in descendants(pid)) / 1e6


def descendants(pid: int) -> list[int]:
    """A process and all processes below it."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children[parent].append(int(entry.name))
    found = [pid]
    for process in found:
        found += children[process]
    return found


def cpu_seconds(pid: int) -> float:
    """CPU a process has used; 0 for one that has ended."""
    try:
        user, system = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _watch(pid: int, ended: threading.Event, usage: Usage) -> None:
    while not ended.wait(INTERVAL):
        usage.main = max(usage.main, _field(pid, "status", "VmHWM:") / 1e6)
        usage.tree = max(usage.tree, tree_megabytes(pid))


def _field(pid: int, file: str, name: str) -> int:
    """Bytes in a line like ``Pss:  1234 kB``; 0 for a process that has ended."""
    try:
        for line in (PROC / str(pid) / file).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None
