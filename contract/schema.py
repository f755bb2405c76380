"""Writes the JSON Schema files that stand beside this module: ``python -m contract.schema``."""

import json
from pathlib import Path

from contract.models import Change, ContractModel, Snapshot
from contract.release import Record

SCHEMAS: dict[str, type[ContractModel]] = {
    "change.schema.json": Change,
    "snapshot.schema.json": Snapshot,
    "record.schema.json": Record,
}


def schema_text(model: type[ContractModel]) -> str:
    """The JSON Schema of a model, as the file holds it."""
    return json.dumps(model.model_json_schema(by_alias=True), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_schemas(directory: Path) -> None:
    """Write every schema file into `directory`."""
    for name, model in SCHEMAS.items():
        (directory / name).write_text(schema_text(model), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(__file__).parent)
