"""The world of the canaries, built once for all files here, and what they made the servers log."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from tests.leaks.world import FORMS, World, traces


@pytest.fixture(scope="package")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Published twice: with what was live for a while, and after that was hidden. Built once, undone at the end.

    Whatever is asked of it is logged, so the log is searched when all files here are through, in whatever order.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        world = World(tmp_path_factory.mktemp("canaries"))
        handler, root = logging.StreamHandler(world.log), logging.getLogger()
        root.addHandler(handler)
        level = root.level
        root.setLevel(logging.INFO)  # what a server in production logs
        try:
            for form in FORMS:
                world.make_public(form)
                world.make_never_live(form)
                world.make_live_for_now(form)
            world.below_a_unit_that_is_restricted()
            world.remember_files()
            call_command("run_schedule", "--once")
            world.publish()
            seen = traces(world, world.site, {w for w, state in world.words.items() if state.startswith("withdrawn")})
            assert seen, "what was live for a while was not on the site: hiding it would prove nothing"
            for form in FORMS:
                world.hide(form)
            call_command("run_schedule", "--once")
            world.publish()
            yield world
            assert handler in root.handlers, "not all was logged here: no word in it would prove nothing"
            assert world.words_in(world.log.getvalue().encode()) == set(), "words of hidden items stand in the logs"
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            transaction.set_rollback(True)


@pytest.fixture
def service() -> Client:
    """A client that carries the token of the publisher."""
    return Client(headers={"Authorization": f"Bearer {settings.FEED_TOKEN}"})
