"""Connections to Elasticsearch: a patient one for indexing, an impatient one for readers."""

from elasticsearch import Elasticsearch

INDEXING_SECONDS = 30.0


def connect_for_indexing(url: str) -> Elasticsearch:
    """Waits for long answers; the caller tries again, so the client does not."""
    return Elasticsearch(url, request_timeout=INDEXING_SECONDS, max_retries=0)


def connect_for_readers(url: str, timeout: float) -> Elasticsearch:
    """Gives up after `timeout` seconds: a reader gets the fallback's answer rather than a late one."""
    return Elasticsearch(url, request_timeout=timeout, max_retries=0, retry_on_timeout=False)
