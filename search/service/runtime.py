"""What the service holds while it runs: the live release and the engines, made once from the settings."""

import logging
import threading
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from search.answering import ElasticsearchEngine
from search.connections import connect_for_readers
from search.engines import Engines
from search.fallback import FallbackEngine
from search.indexes import IndexNames
from search.live import LiveRelease

log = logging.getLogger(__name__)

# How often the fallback's file is brought in step, so that it is warm when it is needed.
IN_STEP_SECONDS = 1.0


@dataclass(frozen=True)
class Runtime:
    """The live release of the site and who answers searches in it."""

    live: LiveRelease
    engines: Engines


@cache
def runtime() -> Runtime:
    """The one runtime of this process."""
    return build_runtime()


def build_runtime() -> Runtime:
    """A runtime as the settings say."""
    elasticsearch = None
    if settings.ELASTICSEARCH_URL:
        elasticsearch = ElasticsearchEngine(
            connect_for_readers(settings.ELASTICSEARCH_URL, settings.SEARCH_TIMEOUT),
            IndexNames(settings.SEARCH_INDEX_PREFIX),
            # The server gives up a little earlier than we do, so that it does not work for nobody.
            seconds=settings.SEARCH_TIMEOUT * 0.8,
        )
    engines = Engines(FallbackEngine(settings.SEARCH_CACHE_DIR), elasticsearch)
    return Runtime(LiveRelease(settings.SITE_DIR), engines)


def keep_fallback_in_step(stop: threading.Event) -> threading.Thread:
    """Start the thread that brings every new release into the fallback, so that the first outage finds it ready."""
    held = runtime()

    def follow() -> None:
        while True:
            release = held.live.get()
            if release is not None:
                held.engines.fallback.bring_to(release)
            if stop.wait(IN_STEP_SECONDS):
                return

    thread = threading.Thread(target=follow, name="fallback", daemon=True)
    thread.start()
    return thread
