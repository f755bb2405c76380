"""``manage.py import_documents FILE.jsonl --unit SLUG``."""

from argparse import FileType
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from cms.importing.commands import ImportCommand
from cms.importing.document_lines import InvalidLine, read_documents
from cms.importing.intake import Intake


class Command(ImportCommand):
    help = "Import official documents (one JSON object a line) as drafts with their articles and clauses found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=FileType("rb"), help="JSON Lines file, UTF-8")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        intake = self.intake(options)
        with options["file"] as stream:
            lines = stream.readlines()
        self.run(self._entries(lines, intake), total=len(lines))

    @staticmethod
    def _entries(lines: list[bytes], intake: Intake) -> Iterator[tuple[str, Callable[[], Any]]]:
        for document in read_documents(lines):
            if isinstance(document, InvalidLine):
                yield f"line {document.line}", partial(_refuse, document)
            else:
                yield (
                    f"line {document.line} ({document.number or document.title[:40]})",
                    partial(intake.take_document, document),
                )


def _refuse(line: InvalidLine) -> None:
    raise ValueError(line.reason)
