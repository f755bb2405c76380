"""Connections to Elasticsearch: a patient one for indexing, an impatient one for readers."""

from elasticsearch import Elasticsearch
from elasticsearch.serializer import OrjsonSerializer

INDEXING_SECONDS = 30.0


def connect_for_indexing(url: str) -> Elasticsearch:
    """Waits for long answers; the caller tries again, so the client does not, or only on another node.

    `url` is the address of a server, or those of several nodes of one cluster with commas between them.
    """
    nodes = url.split(",")
    return Elasticsearch(nodes, request_timeout=INDEXING_SECONDS, max_retries=len(nodes) - 1)


def connect_for_readers(url: str, timeout: float) -> Elasticsearch:
    """Gives up after `timeout` seconds: a reader gets the fallback's answer rather than a late one.

    Where `url` names several nodes, one that refuses the connection is passed over. Python's own JSON would take 2 ms
    to read the answers of one search.
    """
    nodes = url.split(",")
    return Elasticsearch(
        nodes,
        request_timeout=timeout,
        max_retries=len(nodes) - 1,
        retry_on_timeout=False,
        serializer=OrjsonSerializer(),
    )
