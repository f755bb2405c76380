"""The WSGI application of the search service."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "search.service.settings")

application = get_wsgi_application()
