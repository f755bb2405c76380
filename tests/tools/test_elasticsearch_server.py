"""The development server: what it downloads, where it keeps it, and which processes it may end."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import elasticsearch_server as server
from tools.elasticsearch_server import Place, ServerError
from tools.ports import free_port


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A cache of its own, on a port nobody uses."""
    return Place(tmp_path, free_port())


def test_a_configured_cluster_is_used_and_never_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://search.example.vn:9200")
    assert server.start(9200) == "http://search.example.vn:9200"
    assert server.stop(9200) is False


def test_only_the_server_is_unpacked_and_appears_whole(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "distribution.zip"
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("product-1/elasticsearch/bin/elasticsearch-cli", "#!/bin/bash\n")
        whole.writestr("product-1/elasticsearch/lib/server.jar", "jar")
        whole.writestr("product-1/web/index.html", "not ours")
    server.unpack(archive, place.home)
    assert sorted(path.name for path in place.home.rglob("*") if path.is_file()) == ["elasticsearch-cli", "server.jar"]
    assert os.access(place.home / "bin" / "elasticsearch-cli", os.X_OK)


def test_an_archive_that_wants_out_of_the_cache_is_refused(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("product-1/elasticsearch/../../../evil", "x")
    with pytest.raises(ServerError, match="unsafe name"):
        server.unpack(archive, place.home)
    assert not place.home.exists()


def test_an_archive_without_the_server_leaves_nothing_that_looks_like_one(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "empty.zip"
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("product-1/elasticsearch/README", "moved")
    with pytest.raises(ServerError, match="elasticsearch-cli"):
        server.unpack(archive, place.home)
    assert not place.home.exists()


def test_without_maven_the_message_names_the_packages(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place.root))
    with pytest.raises(ServerError, match=r"maven openjdk-17-jre-headless"):
        server.fetch(place)


def test_stop_ends_nothing_that_it_did_not_start(place: Place) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        place.pid_file.write_text(str(stranger.pid))
        assert server._end(place) is False
        assert stranger.poll() is None
        assert not place.pid_file.exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_of_something_else_is_not_taken_for_elasticsearch(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = subprocess.Popen([sys.executable, "-m", "http.server", str(place.port), "--bind", "127.0.0.1"], cwd=tmp_path)
    try:
        monkeypatch.setattr(server, "cache_directory", lambda: place.root)
        monkeypatch.delenv("ELASTICSEARCH_URL", raising=False)
        _wait_for(place.port)
        with pytest.raises(ServerError, match="another --port"):
            server.start(place.port)
    finally:
        web.kill()
        web.wait()


def test_the_command_line_needs_nothing_but_python() -> None:
    root = Path(server.__file__).parents[1]
    command = [sys.executable, "-E", "-s", "-S", "-m", "tools.elasticsearch_server", "--help"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "start" in done.stdout


@pytest.mark.elasticsearch
def test_the_server_of_the_tests_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.start(server.DEFAULT_PORT)
    assert server.answers(url)
    assert server.running_url(server.DEFAULT_PORT) == url


def _wait_for(port: int) -> None:
    for _ in range(200):
        if server._taken(port):
            return
        server.time.sleep(0.05)
    raise AssertionError("the web server did not come up")


def test_the_servers_of_a_cluster_look_for_each_other_and_one_alone_for_nobody(tmp_path: Path) -> None:
    alone, second = Place(tmp_path, 9300), Place(tmp_path, 9301, cluster=(9300, 3))
    assert alone.discovery == ["-Ediscovery.type=single-node"]
    assert "-Enode.name=node-9301" in second.discovery
    assert "-Ediscovery.seed_hosts=127.0.0.1:10300,127.0.0.1:10301,127.0.0.1:10302" in second.discovery
    assert "-Ecluster.initial_master_nodes=node-9300,node-9301,node-9302" in second.discovery
    assert "-Ecluster.name=bangtin-9300" in second.discovery
