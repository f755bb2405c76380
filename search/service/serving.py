"""Runs the service under gunicorn: one process, several threads, no access log."""

import os
import threading
from typing import Any

import django
from django.core.checks import ERROR, run_checks
from gunicorn.app.base import BaseApplication

from search.handing_over import HandOver

THREADS = 8
# The longest gunicorn takes: 400 Vietnamese letters are up to 3,600 characters in an address.
LONGEST_REQUEST_LINE = 8190


class ConfigurationError(RuntimeError):
    """The environment does not let the service start; the message names what and the remedy."""


def serve() -> None:
    """Check the settings and serve until a signal ends it. Raises `ConfigurationError`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "search.service.settings")
    django.setup()
    wrong = [message for message in run_checks() if message.level >= ERROR]
    if wrong:
        raise ConfigurationError("\n".join(f"{message.id}: {message.msg}\n  {message.hint}" for message in wrong))
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    _Server(f"{host}:{port}").run()


class _Server(BaseApplication):
    def __init__(self, bind: str) -> None:
        self.bind = bind
        self.hand_over: HandOver | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set what `init` would read from a command line."""
        values = {
            "bind": self.bind,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            # No reading history: an access log would join addresses and queries.
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "limit_request_line": LONGEST_REQUEST_LINE,
            "graceful_timeout": 5,
            "worker_exit": self.end,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, in the worker process."""
        from search.service.runtime import hand_over_counts, keep_in_step
        from search.service.wsgi import application

        keep_in_step(threading.Event())
        self.hand_over = hand_over_counts()
        return application

    def end(self, server: object, worker: object) -> None:
        """The worker process ends: what was counted last goes out."""
        if self.hand_over is not None:
            self.hand_over.close()
