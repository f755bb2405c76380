"""The logs of all that the other files here do, which run before this one: no word of a hidden item is in them."""

import pytest

from tests.leaks.world import World

pytestmark = pytest.mark.django_db


def test_nothing_of_a_hidden_text_stands_in_the_logs(world: World) -> None:
    assert world.words_in(world.log.getvalue().encode()) == set()
