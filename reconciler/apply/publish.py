"""`python -m reconciler.apply.publish --write|--check`: `schemas/v1/journal.json`, and whether it is as the types say.

Beside `reconciler.manifests.publish` and `reconciler.plan.publish`; `make schemas` calls all three.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.apply.journal import journal_schema
from reconciler.manifests.schemas import schema_folder

__all__ = ["main", "render"]

NAME = "journal.json"


def render() -> str:
    """The text of the schema file."""
    return json.dumps(journal_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str], folder: Path | None = None) -> int:
    """0 when written or the same, 1 when they differ, 64 for wrong arguments."""
    path = (folder or schema_folder()) / NAME
    if arguments == ["--write"]:
        path.write_text(render(), "utf-8")
        return 0
    if arguments != ["--check"]:
        sys.stderr.write("usage: python -m reconciler.apply.publish --write|--check\n")
        return 64
    found = path.read_text("utf-8") if path.is_file() else ""
    lines = list(
        difflib.unified_diff(found.splitlines(), render().splitlines(), str(path), "by the types", lineterm="")
    )
    if lines:
        sys.stderr.write(
            "\n".join([*lines[:200], "The schema of the journal is not as the types say: make schemas WRITE=1\n"])
        )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
