"""Every file in `accepted/` loads without an error, and every one in `refused/` gives the problems besides it.

After a change of words, `REWRITE=1 python -m pytest tests/manifests/test_folders.py` writes the texts again; read
the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.manifests.load import load_manifests
from reconciler.manifests.load_project import load_project
from reconciler.model.errors import Level, Problem, ProblemsError
from reconciler.providers import settings_of

HERE = Path(__file__).parent


def files(folder: str) -> list[Path]:
    found = sorted(path for path in (HERE / folder).iterdir() if path.suffix in (".yaml", ".json"))
    assert found, folder
    return found


def by_name(path: Path) -> str:
    return path.name


def shown(problems: tuple[Problem, ...] | list[Problem], path: Path) -> str:
    lines = [f"{problem.level} {problem.rule} {problem}" for problem in problems]
    return "".join(
        line.replace(problem.location.file, path.name) + "\n" for line, problem in zip(lines, problems, strict=True)
    )


def compare(path: Path, text: str) -> None:
    expected = path.with_suffix(".txt")
    if os.environ.get("REWRITE"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")


@pytest.mark.parametrize("path", files("accepted"), ids=by_name)
def test_an_accepted_file_has_manifests_and_no_problems(path: Path) -> None:
    loaded = load_manifests([path], root=HERE)
    assert shown(loaded.problems, path) == ""
    assert loaded.manifests


@pytest.mark.parametrize("path", files("refused"), ids=by_name)
def test_a_refused_file_has_just_the_problems_of_its_text_file(path: Path) -> None:
    loaded = load_manifests([path], root=HERE)
    assert any(problem.level is Level.ERROR for problem in loaded.problems)
    compare(path, shown(loaded.problems, path))


@pytest.mark.parametrize("path", files("projects_accepted"), ids=by_name)
def test_an_accepted_project_loads_without_warnings(path: Path) -> None:
    assert load_project(path, settings_of).warnings == ()


@pytest.mark.parametrize("path", files("projects_refused"), ids=by_name)
def test_a_refused_project_has_just_the_problems_of_its_text_file(path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        load_project(path, settings_of)
    compare(path, shown(caught.value.problems, path))


@pytest.mark.parametrize("path", [*files("refused"), *files("projects_refused")], ids=by_name)
def test_no_problem_repeats_a_planted_value(path: Path) -> None:
    text = path.with_suffix(".txt").read_text("utf-8")
    assert "planted" not in text
    assert "5 x" not in text
