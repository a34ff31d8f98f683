"""The page of JSON documents: what the tool writes, the schema of each, and their members."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.model.kinds import KINDS
from reconciler.model.schemas import Schema
from tools import schemas
from tools.reference.fields import resolved, type_of
from tools.reference.markdown import code, page, prose, table

_INTRO = """What a pipeline may read. Each document names its format and version, and its JSON Schema (Draft 2020-12)
stands in the folder `schemas/v1` of the source and of the installed package. Members may be added to a version; none is
taken away or changes its meaning."""

_INPUTS = {*KINDS, "manifest", "project"}
"""Schemas of what people write: they have pages of their own."""


def render() -> str:
    """The page, from the schemas as they are published."""
    built: dict[str, Schema] = {Path(name).stem: json.loads(text) for name, text in schemas.render().items()}
    parts = [_INTRO]
    for name in sorted(built.keys() - _INPUTS):
        parts += [f"## {name}", *_document(name, built[name])]
    return page("JSON documents", *parts)


def _document(name: str, schema: Schema) -> list[str]:
    link = f"[`schemas/v1/{name}.json`](../../schemas/v1/{name}.json)"
    words = [f"{prose(str(schema.get('title', name)))}. {link}"]
    if schema.get("description"):
        words.append(prose(schema["description"]))
    required = schema.get("required", [])
    rows = []
    for member, node in schema.get("properties", {}).items():
        full = resolved(schema, node)
        kind = code(str(full["const"])) if "const" in full else type_of(schema, node)
        rows.append([code(member), kind, "yes" if member in required else "", prose(str(full.get("description", "")))])
    return [*words, table(["member", "type", "always", "meaning"], rows)]
