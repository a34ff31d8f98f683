"""`python -m reconciler.manifests.publish --write|--check`: the schema files, and whether they are as the models say.

The one command of this package; `make schemas` calls it. Apart from `schema_build`, which touches no file.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.manifests.schema_build import build_schemas
from reconciler.manifests.schemas import schema_folder

__all__ = ["compare", "main", "render", "write"]


def render() -> dict[str, str]:
    """The text of every schema file by its name."""
    return {
        f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in build_schemas().items()
    }


def write(folder: Path) -> None:
    """Write every schema file anew; files of other names are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render().items():
        (folder / name).write_text(text, "utf-8")


def compare(folder: Path) -> Iterator[str]:
    """Lines of a diff from the files to what the models say; none when they agree."""
    for name, text in render().items():
        path = folder / name
        found = path.read_text("utf-8") if path.is_file() else ""
        yield from difflib.unified_diff(
            found.splitlines(), text.splitlines(), str(path), f"{name} by the models", lineterm=""
        )


def main(arguments: Sequence[str]) -> int:
    """0 when written or the same, 1 when they differ, 64 for wrong arguments."""
    if arguments == ["--write"]:
        write(schema_folder())
        return 0
    if arguments != ["--check"]:
        sys.stderr.write("usage: python -m reconciler.manifests.publish --write|--check\n")
        return 64
    differences = list(compare(schema_folder()))
    if differences:
        sys.stderr.write(
            "\n".join([*differences[:200], "The schemas are not as the models say: make schemas WRITE=1\n"])
        )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
