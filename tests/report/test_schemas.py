"""The published schemas of what the tool writes: as the types say, and what every document keeps to."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.manifests.schemas import schema_folder
from reconciler.report.publish import main, render

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = {
    "result.json": "apply.json",
    "tests.json": "test.json",
    "drift.json": "drift.json",
    "plan.json": "plan.json",
}


def test_the_files_are_as_the_types_say() -> None:
    for name, text in render().items():
        assert (schema_folder() / name).read_text("utf-8") == text


@pytest.mark.parametrize("schema", sorted(DOCUMENTS))
def test_a_document_with_everything_in_it_keeps_to_its_schema(schema: str) -> None:
    document = json.loads((GOLDEN / DOCUMENTS[schema]).read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(json.loads((schema_folder() / schema).read_text("utf-8")))
    validator.validate(document)
    for name in ("format", *(["moved"] if schema == "drift.json" else [])):
        assert not validator.is_valid({key: value for key, value in document.items() if key != name})


def test_checking_tells_what_is_stale_and_writing_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert "drift.json" in capsys.readouterr().err
    assert main(["--write"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert main([]) == 64
