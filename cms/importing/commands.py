"""What the import commands share: their options, the progress bar and the closing report."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError as ContractError
from tqdm import tqdm

from cms.importing.intake import Intake, UnknownNameError, find_unit, find_user

# An item that cannot be taken is reported and skipped; these are the ways in which a single item can be at fault.
ITEM_ERRORS = (ValidationError, ContractError, PermissionDenied, ValueError)


class ImportCommand(BaseCommand):
    """Base of the commands that bring items in."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unit", required=True, help="slug of the unit the items belong to")
        parser.add_argument("--author", default="bientap", help="who writes and submits (bientap)")
        parser.add_argument("--approve", action="store_true", help="take the items through the workflow")
        parser.add_argument("--approver", default="pheduyet", help="who approves (pheduyet)")

    def intake(self, options: dict[str, Any]) -> Intake:
        try:
            approver = find_user(options["approver"]) if options["approve"] else None
            return Intake(find_unit(options["unit"]), find_user(options["author"]), approver)
        except UnknownNameError as error:
            raise CommandError(str(error)) from error

    def run(self, entries: Iterable[tuple[str, Callable[[], Any]]], total: int) -> None:
        """Take `entries` (name to report, function that takes it; None = was there) and say what became of them."""
        counts: Counter[str] = Counter()
        with tqdm(total=total, unit=" item", disable=None, file=self.stderr) as bar:
            for name, take in entries:
                try:
                    counts["added" if take() is not None else "there already"] += 1
                except ITEM_ERRORS as error:
                    counts["skipped"] += 1
                    self.stderr.write(self.style.ERROR(f"{name}: {explain(error)}"))
                bar.update()
        self.stdout.write(
            f"{counts['added']} added, {counts['there already']} there already, {counts['skipped']} skipped."
        )


def explain(error: Exception) -> str:
    """One line a person can act on."""
    if isinstance(error, ValidationError):
        if hasattr(error, "message_dict"):
            return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        return " ".join(error.messages)
    if isinstance(error, ContractError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error)
