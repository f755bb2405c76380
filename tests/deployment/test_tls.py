"""The door: strangers, redirection to TLS, one certificate."""

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.deployment.web_server import (
    CMS,
    PAGE,
    PREVIEW,
    SITE,
    WebServer,
    configure,
    end,
    needs_nginx,
    start_nginx,
)
from tools.ports import free_port


@needs_nginx
def test_strangers_get_no_answer_and_our_names_lead_to_tls(home: Path, site: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    place, plain, tls = home / "door", free_port(), free_port()
    values = {"SITE_HOST": SITE, "CMS_HOST": CMS, "PREVIEW_HOST": PREVIEW, "SITE_DIR": str(site),
              "SITE_LISTEN": f"127.0.0.1:{tls} ssl http2", "SEARCH_UPSTREAM": "127.0.0.1:1"}  # fmt: skip
    conf = configure(place, values, ("default.conf", "tls.conf", "reading-site.conf", "shards.conf"))
    default = place / "conf.d" / "default.conf"
    text = default.read_text(encoding="utf-8").replace("listen 80", f"listen 127.0.0.1:{plain}")
    default.write_text(text.replace("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl http2"), encoding="utf-8")
    (place / "tls").mkdir()
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}",
         "-keyout", place / "tls" / "privkey.pem", "-out", place / "tls" / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    process = start_nginx(place, conf, plain)
    try:
        server = WebServer(plain, site)
        moved = server.ask(PAGE, host=SITE)
        assert (moved.status, moved.headers["Location"]) == (301, f"https://{SITE}{PAGE}")
        with pytest.raises(ConnectionError):
            server.ask("/", host="192.0.2.1")
        trusting = ssl.create_default_context(cafile=str(place / "tls" / "fullchain.pem"))
        raw = socket.create_connection(("127.0.0.1", tls), timeout=10)
        with trusting.wrap_socket(raw, server_hostname=SITE) as secure:
            secure.sendall(f"GET / HTTP/1.1\r\nHost: {SITE}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: secure.recv(4096), b"")).decode()
        assert "200 OK" in answer
        assert "Strict-Transport-Security: max-age=31536000" in answer
        with socket.create_connection(("127.0.0.1", tls), timeout=10) as raw, pytest.raises(ssl.SSLError):
            trusting.wrap_socket(raw, server_hostname="other.example.vn")
    finally:
        end(process)
