"""`python -m tools.schemas --write|--check`: writes the files in `schemas/v1/`, or checks them.

`make schemas` calls it. The schemas are built in the package, since `operator manifests` and `schema` need that at run
time.
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
    """Write or check the files; returns the exit code of `written.run`. Files with other names are left alone."""
    folder = folder or schema_folder()
    return run("schemas", {folder / name: text for name, text in render().items()}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
