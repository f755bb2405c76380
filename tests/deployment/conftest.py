"""One nginx for each module, over two releases."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment.web_server import FIRST, SECOND, WebServer, end, reading_site, release, start_nginx
from tests.search.shared_directories import point_to
from tools.ports import free_port


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A directory another user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="bangtin-nginx-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def site(home: Path) -> Path:
    """A site directory with two releases."""
    site = home / "site"
    release(site, FIRST, 1)
    release(site, SECOND, 2)
    point_to(site, FIRST)
    return site


@pytest.fixture(scope="module")
def web(home: Path, site: Path) -> Iterator[WebServer]:
    """nginx with the reading site; nothing answers for the search."""
    port = free_port()
    process = start_nginx(home / "nginx", reading_site(home / "nginx", site, port), port)
    yield WebServer(port, site)
    end(process)


@pytest.fixture
def first_release(web: WebServer) -> WebServer:
    """The web server, showing the first release."""
    point_to(web.site, FIRST)
    return web
