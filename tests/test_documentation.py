"""The documentation says what there is: settings, targets, commands, endpoints, files. No private place is named."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
# Variables of the operating system, which nobody sets for our sake.
SYSTEM = {"PATH"}
# A name read from the environment, in the ways the rooms read it.
READ = re.compile(
    r"(?:\bos\.environ\.(?:get|setdefault)\(|\bos\.environ\[|\benv\.(?:text|required|items|choice|rate|address|directory)\("
    r"|\benvironment\.get\(|\b_path\()\s*[\"']([A-Z][A-Z_]+)[\"']"
)


@cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def readme() -> str:
    return read(ROOT / "README.md")


@cache
def pages() -> str:
    """README, CONTRIBUTING and everything in docs, as one text."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(read(file) for file in files)


def sources() -> list[Path]:
    return [file for room in ("cms", "publisher", "search", "tools") for file in (ROOT / room).rglob("*.py")]


def settings_read() -> set[str]:
    return {name for source in sources() for name in READ.findall(read(source))} - SYSTEM


def settings_documented() -> set[str]:
    section = readme().split("\n## Settings\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))


def make_targets() -> list[str]:
    return re.findall(r"^([a-z-]+):.*## ", read(ROOT / "Makefile"), re.MULTILINE)


def commands(part: str) -> list[str]:
    """The subcommands `python -m PART --help` tells of."""
    done = subprocess.run([sys.executable, "-m", part, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    return re.findall(r"^    ([a-z-]+)(?: |$)", done.stdout, re.MULTILINE)


def management_commands() -> list[str]:
    found = (ROOT / "cms").glob("*/management/commands/*.py")
    return sorted(path.stem for path in found if path.stem != "__init__")


def tracked_files() -> list[Path]:
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# Settings


def test_the_ways_of_reading_the_environment_are_known_to_this_test() -> None:
    assert {
        "SECRET_KEY",
        "LOCAL_EMAIL",
        "VAR_DIR",
        "RELEASES_KEPT",
        "SITE_DIR",
        "PORT",
        "DEMO_SEARCH",
    } <= settings_read()


def test_every_setting_stands_in_the_table_of_the_readme() -> None:
    assert settings_read() - settings_documented() == set()


def test_the_table_of_the_readme_tells_of_no_setting_that_is_not_read() -> None:
    assert settings_documented() - settings_read() == set()


def test_every_variable_of_compose_is_explained() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", read(ROOT / "compose.yaml")))
    operations = read(ROOT / "docs" / "operations.md")
    assert {name for name in used - settings_read() if f"`{name}`" not in operations} == set()


# Commands, targets, endpoints


@pytest.mark.parametrize("target", make_targets())
def test_every_make_target_is_explained(target: str) -> None:
    assert f"make {target}`" in pages() or re.search(rf"^make {target}\b", pages(), re.MULTILINE)


@pytest.mark.parametrize("part", ["publisher", "search"])
def test_every_command_is_explained(part: str) -> None:
    found = commands(part)
    assert len(found) >= 4
    assert [name for name in found if f"python -m {part} {name}" not in read(ROOT / "docs" / f"{part}.md")] == []


@pytest.mark.parametrize("command", management_commands())
def test_every_command_of_the_cms_is_explained(command: str) -> None:
    assert f"manage.py {command}" in read(ROOT / "docs" / "cms.md")


@pytest.mark.parametrize("path", sorted(yaml.safe_load(read(ROOT / "docs" / "openapi.yaml"))["paths"]))
def test_every_endpoint_is_explained(path: str) -> None:
    assert re.search(rf"[`,/ ]{re.escape(path)}[`?]", pages())


# The pages themselves


def test_every_link_between_pages_leads_somewhere() -> None:
    links = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
    dead = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in tracked_files()
        if file.suffix == ".md"
        for target in links.findall(read(file))
        if not (file.parent / target).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_page_is_in_the_index(folder: str) -> None:
    index = read(ROOT / "docs" / "README.md")
    names = [path.relative_to(ROOT / "docs").as_posix() for path in sorted((ROOT / folder).glob("*.md"))]
    assert [name for name in names if name != "README.md" and f"({name})" not in index] == []


def test_decision_records_are_dated_and_say_what_was_weighed_and_what_it_cost() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = read(record)
        assert re.search(r"^\d{4}-\d\d-\d\d$", text, re.MULTILINE), record.name
        assert "**Decision.**" in text, record.name
        assert "**Weighed.**" in text, record.name
        assert "**Cost.**" in text, record.name


# What may not stand anywhere


# Written so that this file does not match itself.
PRIVATE = {
    "the host of a package registry": re.compile(
        r"(?:py(?:)pi|npm(?:)js|python(?:)hosted|yarn(?:)pkg|crates)\.(?:org|com|io)\b|repo1?\.maven\.(?:apache\.)?org"
        r"|--(?:extra-)?index(?:)-url [^-]|(?:artifact(?:)ory|nexus)[\w.-]*\.\w+/"
    ),
    "a path of somebody's machine": re.compile(r"(?<![\w.:/$}-])/(?:home|Users|root|work|mnt)/\w|[A-Z]:\\(?:)Users\\"),
}


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_in_the_tree_names(what: str) -> None:
    found = []
    for file in tracked_files():
        try:
            text = read(file)
        except UnicodeDecodeError:
            continue
        found += [
            f"{file.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
            for match in PRIVATE[what].finditer(text)
        ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the host of a package registry", "https://pypi" + ".org/simple"),
        ("the host of a package registry", "https://files.python" + "hosted.org/x"),
        ("the host of a package registry", "--index" + "-url https://mirror.example.vn"),
        ("a path of somebody's machine", "see /ho" + "me/an/project"),
        ("a path of somebody's machine", 'Path("/wo' + 'rk/main")'),
    ],
)
def test_what_may_not_stand_anywhere_would_be_found(what: str, text: str) -> None:
    assert PRIVATE[what].search(text)
