"""The Helm chart is as the code says; Helm itself looks at it in `make test-operator`."""

from __future__ import annotations

import yaml

from reconciler.model import __version__
from tools.chart import FOLDER, render
from tools.written import compare


def test_the_chart_is_as_the_code_says() -> None:
    assert [*compare(render())] == [], "make chart WRITE=1"
    found = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert found == set(render())


def test_the_chart_has_the_version_of_the_program() -> None:
    chart = yaml.safe_load((FOLDER / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
