"""On the real documents too: following their approvals, edits and withdrawals one after the other gives the same bytes
as building the site at once, and nothing in it is missing, damaged or linked to nothing."""

from pathlib import Path
from random import Random

import pytest

from publisher.checks import ReleaseCheck
from publisher.engine import RETRY_ON_START
from tests.publisher.test_histories import difference
from tests.publisher.workshop import Workshop
from tests.search.factories import corpus_records

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "documents.jsonl"


@pytest.mark.skipif(not CORPUS.is_file(), reason="the real documents are not there")
def test_following_the_real_documents_equals_building_them_at_once(tmp_path: Path) -> None:
    random = Random(412)
    with CORPUS.open(encoding="utf-8") as lines:
        snapshots = [record.snapshot for record in corpus_records(lines)]
    random.shuffle(snapshots)
    followed = Workshop(tmp_path / "followed")
    followed.ledger.publish(*snapshots[:380])
    followed.build()
    publisher = followed.publisher()
    try:
        for snapshot in snapshots[380:]:
            followed.ledger.publish(snapshot)
            changed = random.choice(snapshots[:380])
            if random.random() < 0.5:
                title = changed.title + " (sửa)"
                followed.ledger.publish(changed.model_copy(update={"title": title[:1000]}))
            elif random.random() < 0.5:
                followed.ledger.withdraw(changed)
            followed.ledger.write(followed.feed)
            publisher.step(followed.day, always=True, retry=RETRY_ON_START)
    finally:
        publisher.close()

    whole = Workshop(tmp_path / "whole")
    whole.feed.write_bytes(b"".join(followed.ledger.compacted()))
    whole.build_feed()
    assert difference(followed, whole) == []
    assert list(ReleaseCheck(followed.site, followed.site.current() or "").problems()) == []
    assert followed.manifest().items > 300
