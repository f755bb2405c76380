"""Fixtures of the search tests: a real Elasticsearch, its own index prefix, and releases to search."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from search.answering import ElasticsearchEngine
from search.connections import connect_for_indexing, connect_for_readers
from search.fallback import FallbackEngine
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.live import LiveRelease
from search.releases import Release
from tests.search.factories import corpus_records, write_release
from tests.search.samples import demo_records
from tools.elasticsearch_server import DEFAULT_PORT, start

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "documents.jsonl"
READER_SECONDS = 20.0  # the tests ask what is found; how fast is the benchmark's question


@pytest.fixture(scope="session")
def elasticsearch_url() -> str:
    """The server the environment names, else one that is started."""
    return os.environ.get("ELASTICSEARCH_URL") or start(DEFAULT_PORT)


@pytest.fixture(scope="session")
def elasticsearch(elasticsearch_url: str) -> Elasticsearch:
    """A connection to the real server."""
    return connect_for_indexing(elasticsearch_url)


@pytest.fixture
def names(elasticsearch: Elasticsearch) -> Iterator[IndexNames]:
    """Index names nobody else has; what was made under them goes afterwards."""
    names = IndexNames(f"test-{uuid4().hex[:12]}")
    yield names
    _remove_indexes(elasticsearch, names)


@pytest.fixture
def indexer(elasticsearch: Elasticsearch, names: IndexNames) -> ReleaseIndexer:
    """Writes into this test's own indexes."""
    return ReleaseIndexer(elasticsearch, names)


@pytest.fixture
def engine(elasticsearch_url: str, names: IndexNames) -> ElasticsearchEngine:
    """Searches this test's own indexes."""
    return ElasticsearchEngine(connect_for_readers(elasticsearch_url, READER_SECONDS), names, READER_SECONDS)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An empty site directory."""
    directory = tmp_path / "site"
    (directory / "releases").mkdir(parents=True)
    return directory


@pytest.fixture(scope="session")
def demo_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release with a little of everything."""
    site = tmp_path_factory.mktemp("demo")
    write_release(site, demo_records())
    return live_release(site)


@pytest.fixture(scope="session")
def demo_engine(
    elasticsearch: Elasticsearch, elasticsearch_url: str, demo_release: Release
) -> Iterator[ElasticsearchEngine]:
    """The demo release in Elasticsearch."""
    yield from _filled_engine(elasticsearch, elasticsearch_url, demo_release)


@pytest.fixture(scope="session")
def demo_fallback(demo_release: Release) -> Iterator[FallbackEngine]:
    """The demo release in SQLite."""
    engine = FallbackEngine()
    engine.bring_to(demo_release)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def corpus_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The real documents as a release; skips where they are not there."""
    if not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    site = tmp_path_factory.mktemp("corpus")
    with CORPUS.open(encoding="utf-8") as lines:
        write_release(site, corpus_records(lines))
    return live_release(site)


@pytest.fixture(scope="session")
def corpus_engine(
    elasticsearch: Elasticsearch, elasticsearch_url: str, corpus_release: Release
) -> Iterator[ElasticsearchEngine]:
    """The real documents in Elasticsearch."""
    yield from _filled_engine(elasticsearch, elasticsearch_url, corpus_release)


@pytest.fixture(scope="session")
def corpus_fallback(corpus_release: Release) -> Iterator[FallbackEngine]:
    """The real documents in SQLite."""
    engine = FallbackEngine()
    engine.bring_to(corpus_release)
    yield engine
    engine.close()


def live_release(site: Path) -> Release:
    """The current release of a site that has one."""
    release = LiveRelease(site).get()
    assert release is not None
    return release


def _filled_engine(client: Elasticsearch, url: str, release: Release) -> Iterator[ElasticsearchEngine]:
    names = IndexNames(f"test-{uuid4().hex[:12]}")
    ReleaseIndexer(client, names).rebuild(release)
    yield ElasticsearchEngine(connect_for_readers(url, READER_SECONDS), names, READER_SECONDS)
    _remove_indexes(client, names)


def _remove_indexes(client: Elasticsearch, names: IndexNames) -> None:
    for name in client.indices.get(index=f"{names.prefix}-*").body:
        client.indices.delete(index=name)
