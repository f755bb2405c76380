"""Settings of the publisher, read from the environment once at start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from publisher.errors import SettingsError

LogFormat = Literal["text", "json"]

HIGHEST_PORT = 65_535
_ORIGIN = re.compile(r"^https?://[^\s/?#]+$")


@dataclass(frozen=True)
class Settings:
    """Name and address of the site, the service token, how many releases are kept to go back to, and how the publisher
    shows how it does: its log, and where it answers a monitoring system (port 0: nowhere)."""

    site_name: str = "Trang thông tin Đảng bộ"
    site_tagline: str = ""
    site_url: str = "http://localhost:8000"
    feed_token: str = ""
    releases_kept: int = 5
    cms_url: str | None = None
    log_format: LogFormat = "text"
    monitor_host: str = "127.0.0.1"
    monitor_port: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read ``SITE_NAME``, ``SITE_TAGLINE``, ``SITE_URL``, ``FEED_TOKEN``, ``RELEASES_KEPT``, ``CMS_URL``,
        ``LOG_FORMAT``, ``MONITOR_HOST`` and ``MONITOR_PORT``.

        Raises `SettingsError` naming the setting that is wrong.
        """
        site_url = environment.get("SITE_URL", cls.site_url).rstrip("/")
        cms_url = environment.get("CMS_URL", "").rstrip("/") or None
        for name, value in (("SITE_URL", site_url), ("CMS_URL", cms_url)):
            if value is not None and not _ORIGIN.match(value):
                raise SettingsError(f"{name}={value!r} is not an address like https://example.org (without a path)")
        kept = environment.get("RELEASES_KEPT", str(cls.releases_kept))
        if not kept.isdecimal() or int(kept) < 1:
            raise SettingsError(f"RELEASES_KEPT={kept!r} is not a number of releases, 1 or more")
        log_format = environment.get("LOG_FORMAT", "") or cls.log_format
        if log_format not in get_args(LogFormat):
            raise SettingsError(f"LOG_FORMAT={log_format!r} is not a form of log; use text or json")
        port = environment.get("MONITOR_PORT", "") or "0"
        if not port.isdecimal() or int(port) > HIGHEST_PORT:
            raise SettingsError(f"MONITOR_PORT={port!r} is not a port, 1 to {HIGHEST_PORT}, or 0 for none")
        return cls(
            site_name=environment.get("SITE_NAME", "").strip() or cls.site_name,
            site_tagline=environment.get("SITE_TAGLINE", cls.site_tagline).strip(),
            site_url=site_url,
            feed_token=environment.get("FEED_TOKEN", ""),
            releases_kept=int(kept),
            cms_url=cms_url,
            log_format=cast(LogFormat, log_format),
            monitor_host=environment.get("MONITOR_HOST", "").strip() or cls.monitor_host,
            monitor_port=int(port),
        )
