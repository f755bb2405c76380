"""Settings that are missing or wrong stop the start and say what to do."""

import os
import subprocess
import sys
from datetime import date

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils.formats import date_format
from wagtail.models import GroupPagePermission, Workflow

from cms.editorial.models import BoardApprovalTask
from cms.editorial.setup import set_up_site

GOOD = {
    "DJANGO_SETTINGS_MODULE": "cms.settings.production",
    "SECRET_KEY": "k" * 50,
    "FEED_TOKEN": "t" * 40,
    "SEARCH_TOKEN": "s" * 40,
    "DATABASE_URL": "sqlite://:memory:",
}


def start(**changed: str) -> subprocess.CompletedProcess[str]:
    """Load the WSGI application as a server does, with a bare environment."""
    environment = {"PATH": os.environ["PATH"], **GOOD, **changed}
    return subprocess.run(
        [sys.executable, "-c", "import cms.wsgi"],
        cwd=settings.ROOT, env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip


def test_it_starts_with_complete_settings() -> None:
    assert start().returncode == 0, start().stderr


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("SECRET_KEY", "", "50 or more random characters"),
        ("FEED_TOKEN", "short", "the same 32 or more random characters"),
        ("SEARCH_TOKEN", "", "the same 32 or more random characters"),
        ("SEARCH_TOKEN", "short", "the same 32 or more random characters"),
        ("SEARCH_TOKEN", "t" * 40, "ive SEARCH_TOKEN a value of its own"),
        ("SECRET_KEY", "k" * 49, "50 or more random characters"),
        ("API_THROTTLE", "foo", "rite it like 240/min"),
        ("LOG_LEVEL", "foo", "DEBUG, INFO, WARNING, ERROR"),
        ("SITE_URL", "abc", "rite it like http://localhost:8000"),
        ("DATABASE_URL", "nonsense", "rite it like postgres://user:password@host:5432/name"),
    ],
)
def test_a_missing_or_wrong_setting_is_named_with_its_remedy(name: str, value: str, remedy: str) -> None:
    done = start(**{name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_a_new_site_has_the_boards_workflow_and_nothing_of_wagtails_own() -> None:
    for _ in range(2):
        set_up_site("Đảng bộ tỉnh")
    assert [workflow.name for workflow in Workflow.objects.all()] == [
        BoardApprovalTask.objects.get().active_workflows.get().name
    ]
    assert not Group.objects.filter(name__in=("Editors", "Moderators")).exists()
    assert not GroupPagePermission.objects.filter(permission__codename="publish_page").exists()


def test_dates_are_read_and_written_day_first() -> None:
    assert date_format(date(2026, 3, 9)) == "09/03/2026"
    assert forms.DateField().clean("09/03/2026") == date(2026, 3, 9)
