"""The published schemas of what the tool writes: as the types say, and what every document keeps to."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.manifests.manifest import schema_folder

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = {
    "result.json": "apply.json",
    "tests.json": "test.json",
    "drift.json": "drift.json",
    "plan.json": "plan.json",
}


@pytest.mark.parametrize("schema", sorted(DOCUMENTS))
def test_a_document_with_everything_in_it_keeps_to_its_schema(schema: str) -> None:
    document = json.loads((GOLDEN / DOCUMENTS[schema]).read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(json.loads((schema_folder() / schema).read_text("utf-8")))
    validator.validate(document)
    for name in ("format", *(["moved"] if schema == "drift.json" else [])):
        assert not validator.is_valid({key: value for key, value in document.items() if key != name})
