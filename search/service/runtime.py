"""What the service holds while it runs: the live release and the engines, made once from the settings."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from search.answering import ElasticsearchEngine
from search.connections import connect_for_readers
from search.counting import SearchCounts
from search.engines import Engines
from search.fallback import FallbackEngine
from search.handing_over import HandOver
from search.indexes import IndexNames
from search.lexicon import Lexicon
from search.live import LiveRelease
from search.recent import RecentAnswers
from search.releases import Release

log = logging.getLogger(__name__)

# How often the files of fallback and lexicon are brought in step, so that they are warm when they are needed.
IN_STEP_SECONDS = 1.0


@dataclass(frozen=True)
class Runtime:
    """The live release of the site, who answers searches in it, the words of it, what was searched for, and what was
    answered a moment ago."""

    live: LiveRelease
    engines: Engines
    lexicon: Lexicon
    counts: SearchCounts
    recent: RecentAnswers


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
    engines = Engines(FallbackEngine(settings.SEARCH_CACHE_DIR), elasticsearch, seconds=settings.SEARCH_TIMEOUT)
    counts = SearchCounts(wanted=bool(settings.CMS_URL))
    return Runtime(LiveRelease(settings.SITE_DIR), engines, Lexicon(settings.SEARCH_CACHE_DIR), counts, RecentAnswers())


def keep_in_step(stop: threading.Event) -> None:
    """Start the threads that bring every new release into fallback and lexicon, so that an outage finds them ready, and
    that forget what was asked a moment ago."""
    held = runtime()

    def forget(_: Release) -> None:
        held.recent.forget()

    keepers = {"fallback": held.engines.fallback.bring_to, "lexicon": held.lexicon.bring_to, "recent": forget}
    for name, bring_to in keepers.items():
        threading.Thread(target=_follow, args=(held.live, bring_to, stop), name=name, daemon=True).start()


def hand_over_counts() -> HandOver | None:
    """Start the thread that gives the counts of searches to the CMS; None where no CMS is configured."""
    if not settings.CMS_URL:
        return None
    hand_over = HandOver(runtime().counts, settings.CMS_URL, settings.SEARCH_TOKEN)
    hand_over.start()
    return hand_over


def _follow(live: LiveRelease, bring_to: Callable[[Release], None], stop: threading.Event) -> None:
    while True:
        release = live.get()
        if release is not None:
            try:
                bring_to(release)
            except Exception:
                # A thread that died would leave its file behind for good, and nobody would notice.
                log.exception("release %s was not taken in; the next try is in a moment", release.name)
        if stop.wait(IN_STEP_SECONDS):
            return
