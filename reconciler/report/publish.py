"""`python -m reconciler.report.publish --write|--check`: the schemas of results, tests and drift in `schemas/v1/`.

Beside `reconciler.plan.publish` and `reconciler.apply.publish`; `make schemas` calls them all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.manifests.schemas import schema_folder
from reconciler.report.document import result_schema, tests_schema
from reconciler.report.drift_text import drift_schema

__all__ = ["main", "render"]


def render() -> dict[str, str]:
    """The text of each schema file by its name."""
    schemas = {"result.json": result_schema(), "tests.json": tests_schema(), "drift.json": drift_schema()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def main(arguments: Sequence[str], folder: Path | None = None) -> int:
    """0 when written or the same, 1 when they differ, 64 for wrong arguments."""
    folder = folder or schema_folder()
    if arguments == ["--write"]:
        for name, text in render().items():
            (folder / name).write_text(text, "utf-8")
        return 0
    if arguments != ["--check"]:
        sys.stderr.write("usage: python -m reconciler.report.publish --write|--check\n")
        return 64
    paths = {name: folder / name for name in render()}
    stale = [name for name, text in render().items() if not paths[name].is_file() or paths[name].read_text() != text]
    if stale:
        sys.stderr.write(f"{', '.join(stale)}: not as the types say: make schemas WRITE=1\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
