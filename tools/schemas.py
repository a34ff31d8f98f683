"""`python -m tools.schemas --write|--check`: the files in `schemas/v1/`, and whether they are as the code says.

`make schemas` calls it. The builders it calls live in the package, since `validate` and `schema` need them at run time;
what writes into the checkout lives here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reconciler.manifests.manifest import schema_folder
from reconciler.model.schemas import build_schemas, with_providers
from reconciler.providers import BUILT_IN
from tools.documents import build_documents
from tools.written import run


def render() -> dict[str, str]:
    """The text of every schema file, by file name."""
    schemas: dict[str, dict[str, Any]] = {**build_schemas(), **build_documents()}
    settings = {name: provided.settings for name, provided in BUILT_IN.items()}
    schemas["project"] = with_providers(schemas["project"], settings)
    return {f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def main(arguments: Sequence[str], folder: Path | None = None) -> int:
    """0 when written or equal, 1 when they differ, 64 for wrong arguments; files of other names stay as they are."""
    folder = folder or schema_folder()
    return run("schemas", {folder / name: text for name, text in render().items()}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
