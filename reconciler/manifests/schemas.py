"""The JSON Schemas as files: where they lie, and the compiled validators that let good documents pass quickly.

What a refused document did wrong is found and worded in `wording`. Nothing is ever fetched: each file stands alone.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["API_VERSION", "compiled", "load_schema", "schema_folder"]

API_VERSION = "channels.gitops/v1"


def schema_folder() -> Path:
    """The folder of the schemas: within the package when installed as a wheel, else beside it in the checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "schemas" / "v1"
    return installed if installed.is_dir() else package.parent / "schemas" / "v1"


@cache
def load_schema(name: str, supplied: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The schema of a kind, or `project`. `supplied`: fields that the project's defaults give, so no manifest must."""
    schema: dict[str, Any] = json.loads((schema_folder() / f"{name}.json").read_text("utf-8"))
    if supplied:
        then = schema["properties"]["spec"]["then"]
        then["required"] = [field for field in then["required"] if field not in supplied]
    return schema


@cache
def compiled(name: str, supplied: frozenset[str] = frozenset()) -> Draft202012Validator:
    """The compiled validator of that schema: it says yes or no."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    return Draft202012Validator(load_schema(name, supplied), pattern_options=RegexOptions())
