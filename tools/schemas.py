"""`python -m tools.schemas --write|--check`: the files in `schemas/v1/`, and whether they are as the code says.

`make schemas` calls it. The builders it calls live in the package, since `validate` and `schema` need them at run time;
what writes into the checkout lives here.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.apply.journal import journal_schema
from reconciler.manifests.check import schema_folder
from reconciler.model.schemas import build_schemas
from reconciler.plan.saved import plan_schema
from reconciler.report.document import result_schema, tests_schema
from reconciler.report.drift_text import drift_schema
from reconciler.report.failure import failure_schema

_SHOWN = 200  # lines of a difference


def render() -> dict[str, str]:
    """The text of every schema file, by file name."""
    schemas = {
        **build_schemas(),
        "plan": plan_schema(),
        "journal": journal_schema(),
        "result": result_schema(),
        "tests": tests_schema(),
        "drift": drift_schema(),
        "failure": failure_schema(),
    }
    return {f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def write(folder: Path) -> None:
    """Write every schema file; files of other names stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render().items():
        (folder / name).write_text(text, "utf-8")


def compare(folder: Path) -> Iterator[str]:
    """Lines of a diff from the files to what the code says; none when they agree."""
    for name, text in render().items():
        path = folder / name
        found = path.read_text("utf-8") if path.is_file() else ""
        yield from difflib.unified_diff(
            found.splitlines(), text.splitlines(), str(path), f"{name} by the code", lineterm=""
        )


def main(arguments: Sequence[str], folder: Path | None = None) -> int:
    """0 when written or equal, 1 when they differ, 64 for wrong arguments."""
    folder = folder or schema_folder()
    if list(arguments) == ["--write"]:
        write(folder)
        return 0
    if list(arguments) != ["--check"]:
        sys.stderr.write("usage: python -m tools.schemas --write|--check\n")
        return 64
    differences = list(compare(folder))
    if differences:
        lines = [*differences[:_SHOWN], "The schema files are not as the code says: make schemas WRITE=1\n"]
        sys.stderr.write("\n".join(lines))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
