"""Settings of the search service; every value that differs between installations comes from the environment."""

import os
import secrets
from pathlib import Path


def _path(name: str) -> Path | None:
    value = os.environ.get(name, "").strip()
    return Path(value) if value else None


# The site whose releases are searched, and served when no web server stands in front.
SITE_DIR = _path("SITE_DIR")
# Empty: the embedded fallback answers.
ELASTICSEARCH_URL = os.environ.get("ELASTICSEARCH_URL", "").strip()
SEARCH_INDEX_PREFIX = os.environ.get("SEARCH_INDEX_PREFIX", "bangtin").strip()
# Seconds after which the fallback answers instead of a slow Elasticsearch.
SEARCH_TIMEOUT = float(os.environ.get("SEARCH_TIMEOUT", "0.7"))
# Where fallback and lexicon keep their files over restarts; a temporary one when empty.
SEARCH_CACHE_DIR = _path("SEARCH_CACHE_DIR")
# Searches a reader may make; a whole commune may share one address.
SEARCH_THROTTLE = os.environ.get("SEARCH_THROTTLE", "300/min")
# Completions a reader may ask for while typing.
SEARCH_COMPLETIONS_THROTTLE = os.environ.get("SEARCH_COMPLETIONS_THROTTLE", "1200/min")

# Where counts of searches and requests for alerts go, with the token that this service and the CMS share: it reads
# nothing there but the searches that a mail's link confirms. Empty: nothing is counted, and there are no alerts.
CMS_URL = os.environ.get("CMS_URL", "").strip().rstrip("/")
SEARCH_TOKEN = os.environ.get("SEARCH_TOKEN", "").strip()

# Mails that ask for confirmation one connection may cause.
SEARCH_ALERTS_THROTTLE = os.environ.get("SEARCH_ALERTS_THROTTLE", "20/hour")

# Nothing here signs anything that must survive a restart.
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50)
DEBUG = False
# No address is ever built from the Host header.
ALLOWED_HOSTS = os.environ.get("SEARCH_ALLOWED_HOSTS", "*").split(",")
ROOT_URLCONF = "search.service.urls"
WSGI_APPLICATION = "search.service.wsgi.application"
INSTALLED_APPS = ["rest_framework", "search.service"]
MIDDLEWARE = ["search.service.headers.SecurityHeaders", "django.middleware.common.CommonMiddleware"]
DATABASES: dict[str, object] = {}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
APPEND_SLASH = False

LANGUAGE_CODE = "vi"
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True
USE_I18N = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "search.service.negotiation.AlwaysJson",
    "DEFAULT_THROTTLE_RATES": {
        "search": SEARCH_THROTTLE,
        "completions": SEARCH_COMPLETIONS_THROTTLE,
        "alerts": SEARCH_ALERTS_THROTTLE,
    },
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    # How many proxies stand in front and append the reader's address; 0 takes the connection's own.
    "NUM_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "0")),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # They would write down what readers ask for, and when.
        "elastic_transport": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "django.request": {"level": "CRITICAL"},
    },
}
