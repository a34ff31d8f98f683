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
from reconciler.model.fields import Schema, rows
from reconciler.model.project import Auth
from reconciler.model.provider import ProviderSettings
from reconciler.model.schemas import build_schemas
from reconciler.providers import BUILT_IN
from tools.documents import build_documents
from tools.written import run


def render() -> dict[str, str]:
    """The text of every schema file, by file name."""
    schemas: dict[str, Schema] = {**build_schemas(), **build_documents()}
    schemas["project"] = _with_providers(schemas["project"])
    return {f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def _with_providers(project: Schema) -> Schema:
    defs = project["$defs"]
    about = [_about(name, one.settings) for name, one in BUILT_IN.items()]
    return {**project, "$defs": {**defs, "Target": {**defs["Target"], "allOf": about}}}


def _about(provider: str, settings: ProviderSettings) -> Schema:
    """What a target of a built-in provider takes, for editors. The tool itself says it of every provider, those of
    packages included (`manifests.lint`)."""
    ways = sorted(settings.auth)
    refused = f"{provider} does not support this; it takes {', '.join(ways)}"
    auth = {
        way.name: {"not": {}, "errorMessage": refused, "description": f"Not for {provider}."}
        for way in rows(Auth)
        if way.name not in settings.auth
    }
    address = settings.default_url or f"the environment variable {settings.url_variable}"
    properties: dict[str, Any] = {"url": {"description": f"Its address, which may have a path. Default: {address}."}}
    if auth:
        properties["auth"] = {"description": f"How the target knows who we are: {', '.join(ways)}.", "properties": auth}
    return {
        "if": {"properties": {"provider": {"const": provider}}, "required": ["provider"]},
        "then": {"properties": properties},
    }


def main(arguments: Sequence[str], folder: Path | None = None) -> int:
    """0 when written or equal, 1 when they differ, 64 for wrong arguments; files of other names stay as they are."""
    folder = folder or schema_folder()
    return run("schemas", {folder / name: text for name, text in render().items()}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
