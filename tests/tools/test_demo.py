"""The demo says where to look."""

from pathlib import Path

import pytest

from tools.demo import instructions
from tools.stack import Stack


@pytest.mark.parametrize(("server", "told"), [("http://127.0.0.1:9200", "log/alerts.log"), ("", "alerts need")])
def test_whoever_follows_a_search_in_the_demo_is_told_where_the_mails_are(
    server: str, told: str, tmp_path: Path
) -> None:
    (line,) = [line for line in instructions(Stack(tmp_path, elasticsearch_url=server)).splitlines() if "Mails" in line]
    assert told in line
