"""Compiles the CMS's translation catalogues (.po to .mo); part of ``make setup``."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[1] / "cms" / "locale"


def compile_catalogues(directory: Path = LOCALE) -> int:
    """Compile every catalogue below `directory`; return how many."""
    catalogues = sorted(directory.glob("*/LC_MESSAGES/*.po"))
    for source in catalogues:
        with source.open("rb") as stream:
            catalogue = read_po(stream)
        with source.with_suffix(".mo").open("wb") as stream:
            write_mo(stream, catalogue)
    return len(catalogues)


if __name__ == "__main__":
    print(f"{compile_catalogues()} catalogues compiled")
