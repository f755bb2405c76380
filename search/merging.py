"""Makes one piece of an index that was written in many.

Every search looks into each piece: one instead of five takes a quarter off what it costs. And what was deleted, a text
that was withdrawn among it, leaves the disk only when the piece it lies in is written anew, and not in the first minute
(measured: Elasticsearch keeps it for copies that may want to catch up).
"""

import logging
from collections.abc import Sequence

from elasticsearch import ApiError, Elasticsearch, TransportError

log = logging.getLogger(__name__)

# A million provisions are 1.2 GB, which take minutes.
LONGEST_MERGE = 3600


def merge(client: Elasticsearch, indexes: Sequence[str], wait: bool) -> None:
    """Merge every index into one piece; without `wait` the server does it while it goes on answering and taking in.

    A merge that fails costs nothing but the saving: it is logged.
    """
    try:
        client.options(request_timeout=LONGEST_MERGE).indices.forcemerge(
            index=list(indexes), max_num_segments=1, wait_for_completion=wait
        )
    except (ApiError, TransportError) as error:
        log.warning("the indexes stay in pieces: %s", error)
