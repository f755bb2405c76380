"""Tells the CMS how publishing goes, for the editors' dashboard. Never in the way of publishing."""

import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from contract.models import utc_text
from publisher.replica import SetAside

logger = logging.getLogger(__name__)

STATE_PATH = "/api/v1/publisher-state/"
TIMEOUT = 5.0  # seconds


def cms_origin(cms_url: str | None, feed: str) -> str | None:
    """Where the CMS is: the setting, or the origin of the feed, or nowhere for a feed file."""
    if cms_url:
        return cms_url
    parts = urlsplit(feed)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else None


class Reporter:
    """Posts the publisher's state to the CMS with the service token."""

    def __init__(self, origin: str | None, token: str) -> None:
        self._origin = origin
        self._token = token

    def report(self, release: str | None, seq: int, pages_written: int, seconds: float, aside: list[SetAside]) -> None:
        """Send the state. A CMS that does not take it is worth a line in the log and nothing more."""
        if self._origin is None:
            return
        state: dict[str, Any] = {
            "release": release,
            "seq": seq,
            "built_at": utc_text(datetime.now(UTC)),
            "pages_written": pages_written,
            "seconds": round(seconds, 3),
            "set_aside": [{"seq": entry.seq, "id": entry.id, "reason": entry.reason} for entry in aside],
        }
        try:
            response = httpx.post(
                self._origin + STATE_PATH,
                json=state,
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=TIMEOUT,
            )
            response.raise_for_status()
        except httpx.HTTPError as error:
            logger.warning("the CMS did not take the publisher's state: %s", error)
