"""The publisher's command, run again and again, each time in a process that dies before a given disk operation.

Reads one request a line on standard input, ``{"arguments": […], "dies_before": 17}`` (null: it lives), and answers with
``{"status": 0, "operations": ["rename current", …]}``; of one that died nothing is known, and both are null. Processes
are forked from one that has imported everything, so that a death costs milliseconds.
"""

import json
import os
import signal
import sys
from pathlib import Path

from publisher import disk
from publisher.__main__ import main
from publisher.plugin import engine_for
from publisher.program import program_digest
from publisher.settings import Settings


class Death:
    """Counts operations and ends the process before one of them; a file that was to be written is there by half."""

    def __init__(self, before: int | None) -> None:
        self.operations: list[str] = []
        self._before = before

    def __call__(self, what: str, path: Path) -> None:
        self.operations.append(f"{what} {path.name}")
        if len(self.operations) == self._before:
            if what == "write":
                path.write_bytes(b"half of i")
            os.kill(os.getpid(), signal.SIGKILL)


def answer(request: dict[str, object]) -> dict[str, object]:
    """Run the command in a new process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)  # our standard output is for answers
        death = Death(request["dies_before"])
        disk.watchers.append(death)
        status = main(request["arguments"])
        os.write(writing, json.dumps({"status": status, "operations": death.operations}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else {"status": None, "operations": None}


if __name__ == "__main__":
    engine_for(Settings.from_environment(os.environ))
    program_digest()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
