"""Compiles the CMS's translation catalogues (.po to .mo); part of ``make setup``."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CMS = Path(__file__).resolve().parents[1] / "cms"
LOCALES = (CMS / "locale", CMS / "locale_wagtail")  # our own texts, and those of Wagtail and Django


def compile_catalogues(directories: tuple[Path, ...] = LOCALES) -> int:
    """Compile every catalogue below `directories`; return how many."""
    catalogues = sorted(source for directory in directories for source in directory.glob("*/LC_MESSAGES/*.po"))
    for source in catalogues:
        with source.open("rb") as stream:
            catalogue = read_po(stream)
        with source.with_suffix(".mo").open("wb") as stream:
            write_mo(stream, catalogue)
    return len(catalogues)


if __name__ == "__main__":
    print(f"{compile_catalogues()} catalogues compiled")
