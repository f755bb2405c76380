"""WSGI entry of the CMS. Runs the system checks first: no server starts with settings that are missing or wrong."""

import os
import sys

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.production")
application = get_wsgi_application()
try:
    call_command("check")
except SystemCheckError as error:
    sys.exit(str(error))
