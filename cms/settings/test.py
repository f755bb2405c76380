"""Tests: the database of DATABASE_URL (SQLite unless it is set), files in a directory of their own."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "test-secret-key-test-secret-key-test-secret-key-test")
os.environ.setdefault("FEED_TOKEN", "test-feed-token-test-feed-token-test-feed-token")
os.environ.setdefault("SEARCH_TOKEN", "test-search-token-test-search-token-test-search-token")
os.environ.setdefault("MEDIA_DIR", tempfile.mkdtemp(prefix="bangtin-test-media-"))
os.environ.setdefault("LOG_LEVEL", "WARNING")

from cms.settings.base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and nothing real is behind them
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_USE_FINDERS = True
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"content": "100000/min"}}
