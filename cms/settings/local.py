"""A developer's machine and the demo: SQLite, no secrets of value, http."""

import os

os.environ.setdefault("SECRET_KEY", "local-only-secret-key-local-only-secret-key-local-only")
os.environ.setdefault("FEED_TOKEN", "local-only-feed-token-local-only-feed-token")
os.environ.setdefault("SEARCH_TOKEN", "local-only-search-token-local-only-search-token")

from cms.settings.base import *

WHITENOISE_USE_FINDERS = True
EMAIL_BACKEND = f"django.core.mail.backends.{env.choice('LOCAL_EMAIL', 'dummy', ('dummy', 'console'))}.EmailBackend"
