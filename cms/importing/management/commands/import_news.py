"""``manage.py import_news FILE.txt… --unit SLUG``."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from cms.importing.commands import ImportCommand
from cms.importing.intake import Intake
from cms.importing.news_pages import read_news_page


class Command(ImportCommand):
    help = "Import crawled news pages as drafts: page furniture dropped, title, lead, date and source kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, help="text files, one page each")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        intake = self.intake(options)
        self.run(self._entries(options["files"], intake), total=len(options["files"]))

    @staticmethod
    def _entries(files: list[Path], intake: Intake) -> Iterator[tuple[str, Callable[[], Any]]]:
        for path in files:
            yield path.name, partial(_take, intake, path)


def _take(intake: Intake, path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from error
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    return intake.take_news(read_news_page(text, path.name))
