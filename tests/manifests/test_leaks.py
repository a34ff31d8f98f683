"""No problem repeats what a person wrote as a value, wherever and in whatever wrong form it was written."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.manifests.load import load_manifests
from reconciler.manifests.load_project import load_project_text
from reconciler.model.errors import ProblemsError
from reconciler.providers import settings_of

HERE = Path(__file__).parent
PLANTED = "hq7Zk!planted-Vx93~w"
FORMS: tuple[Any, ...] = (
    PLANTED,
    f"https://user:{PLANTED}@host",
    f"ftp://{PLANTED}",
    [PLANTED],
    {PLANTED: None},
    {PLANTED: PLANTED},
    {"env": PLANTED},
    {"evn": PLANTED},
    {"plain": [PLANTED]},
    {"vault": PLANTED},
    {"format": PLANTED, "from": PLANTED},
    {"format": "{}{}", "from": {PLANTED: PLANTED}},
    {"env": "A", PLANTED: "x"},
)


def documents(path: str) -> list[Any]:
    return [document for document in yaml.safe_load_all((HERE / path).read_text("utf-8")) if document]


def planted_everywhere(document: Any, forms: tuple[Any, ...] = FORMS) -> Iterator[Any]:
    """The document with each of its values in turn replaced by each form of the planted one."""
    for path in paths(document):
        for form in forms:
            changed = copy.deepcopy(document)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = form
            yield changed


def paths(node: Any) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in items:
        yield (step,)
        yield from ((step, *rest) for rest in paths(value))


@pytest.mark.parametrize(
    "manifest", documents("accepted/every-kind.yaml"), ids=lambda manifest: str(manifest["metadata"]["name"])
)
def test_no_problem_about_a_manifest_holds_a_value(manifest: Any) -> None:
    text = yaml.safe_dump_all(planted_everywhere(manifest))
    loaded = load_manifests(["-"], root=HERE, stdin=io.StringIO(text))
    assert len(loaded.problems) > 20
    for problem in loaded.problems:
        assert "planted" not in repr(problem) + str(problem)


def test_no_problem_about_a_project_holds_a_value() -> None:
    (project,) = documents("projects_accepted/everything.yaml")
    reported = 0
    for changed in planted_everywhere(project, FORMS[:6]):
        try:
            said = repr(load_project_text(yaml.safe_dump(changed), "x", settings_of).warnings)
        except ProblemsError as error:
            said = repr(error.problems) + str(error)
            reported += 1
        assert "planted" not in said
    assert reported > 200


@pytest.mark.parametrize(
    "text",
    [
        f"a: '{PLANTED}",
        f"a: {PLANTED}: x",
        f"{PLANTED}: 1\n{PLANTED}: 2",
        f"a: !{PLANTED} x",
        f"a: *{PLANTED[:5]}planted",
        f"a: {{{{ {PLANTED} }}}}",
        f"{PLANTED}",
        f"%{PLANTED}\n---\na",
        f"a: @{PLANTED}",
        f'a: "\\{PLANTED}"',
    ],
)
def test_no_problem_about_yaml_holds_what_was_written(text: str) -> None:
    loaded = load_manifests(["-"], root=HERE, stdin=io.StringIO(text))
    assert loaded.problems
    for problem in loaded.problems:
        assert "planted" not in repr(problem) + str(problem)
