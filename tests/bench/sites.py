"""The sites the parts measure: built by the real command from a corpus, below ``var/bench``."""

import os
import shutil
import sys
from datetime import date
from pathlib import Path

from contract.release import CURRENT, Manifest
from publisher.settings import Settings
from tests.bench import VAR
from tests.bench.corpus import Corpus
from tests.bench.memory import Usage, measured

# Validity is worked out for the last day of the corpus, so that figures of two days compare.
DAY = date(2026, 11, 22)
PYTHON = sys.executable
NAME, URL, TAGLINE = "Đảng bộ tỉnh Sơn Hà", "https://sonha.example.vn", "Văn bản, tin tức và hướng dẫn nghiệp vụ"
SETTINGS = Settings(site_name=NAME, site_url=URL, site_tagline=TAGLINE)


def directory(corpus: Corpus) -> Path:
    """Where the site of a corpus lies."""
    return VAR / f"site-{corpus.size}"


def environment(tagline: str = TAGLINE) -> dict[str, str]:
    """What the publisher's commands are started with."""
    ours = {"SITE_NAME": NAME, "SITE_URL": URL, "SITE_TAGLINE": tagline}
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | ours


def build(corpus: Corpus, *, empty: bool, tagline: str = TAGLINE) -> Usage:
    """Run ``python -m publisher build``, into an empty directory or over what is there."""
    site = directory(corpus)
    if empty:
        shutil.rmtree(site, ignore_errors=True)
    command = [PYTHON, "-m", "publisher", "build", "--feed", str(corpus.written()), "--site", str(site)]
    command += ["--day", DAY.isoformat()]
    return measured(command, environment(tagline), VAR / "log" / f"build-{corpus.size}.log")


def ready(corpus: Corpus) -> Path:
    """The site of a corpus, built when it is not there."""
    if not (directory(corpus) / CURRENT).exists():
        build(corpus, empty=True)
    return directory(corpus)


def manifest(corpus: Corpus) -> Manifest:
    """What the release readers see says of itself."""
    return Manifest.model_validate_json((directory(corpus) / CURRENT / "manifest.json").read_bytes())
