"""The public face: its names, its types, and the documentation's examples, which are run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler.simulator import Simulator

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
EXAMPLES = re.findall(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_every_public_name_is_there_and_documented() -> None:
    assert len(reconciler.__all__) == len(set(reconciler.__all__))
    assert set(reconciler.__all__) <= set(dir(reconciler))
    for name in reconciler.__all__:
        value = getattr(reconciler, name)
        if isinstance(value, type) or callable(value):
            assert (value.__doc__ or "").strip(), f"{name} has no docstring"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        reconciler.nothing  # noqa: B018 - asking for it is the test


def test_importing_the_face_imports_nothing_behind_it() -> None:
    script = "import sys, reconciler; print(sorted(m for m in sys.modules if m.startswith('reconciler')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['reconciler', 'reconciler.model']"


def test_the_types_are_published() -> None:
    assert (Path(reconciler.__file__).parent / "py.typed").is_file()


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.read_text("utf-8").count("```python")


def test_the_examples_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In their order, on the project that the page names, as a reader would try them."""
    project = shutil.copytree(PAGE.parents[1] / "examples" / "quickstart", tmp_path / "project")
    monkeypatch.chdir(project)
    monkeypatch.setenv("SLACK_ONCALL_URL", "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop")
    with Simulator() as simulator:
        monkeypatch.setenv("OPENSEARCH_URL", simulator.url)
        for code, printed in EXAMPLES:
            exec(compile(code, str(PAGE), "exec"), {"__name__": "example"})
            assert capsys.readouterr().out == printed
