"""What a run costs before it does anything: instructions counted by callgrind, which no other process can disturb.

`tests/cli/test_start_up.py` holds which modules are loaded, wherever the tests run; this holds what they cost.
"""

from __future__ import annotations

import compileall
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK
from tests.interop.tools import ROOT, NotRunError, run

__all__ = ["play_start_up"]

_COMMAND = Path(sys.executable).parent / "reconciler"
_BUDGETS = {"version": 270, "validate": 500, "plan": 960}
"""Millions of instructions of one verb, for one channel that is as it should be; a bare Python takes 40. A plan should
take 900 and took 896 when this was written: the rest is room for other processors and newer libraries."""
_PYTHON = (3, 11)
"""The version that the budgets are of: each counts otherwise."""


def play_start_up() -> list[str]:
    """Valgrind, by which a run of each verb is counted: the console script, all compiled, the simulator on loopback."""
    if shutil.which("valgrind") is None:
        raise NotRunError("valgrind is not installed")
    if sys.version_info[:2] != _PYTHON:
        raise NotRunError(f"the budgets are of Python {'.'.join(map(str, _PYTHON))}")
    compileall.compile_dir(ROOT / "reconciler", quiet=2, force=True)
    compileall.compile_dir(Path(os.__file__).parent, quiet=2, maxlevels=1)
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name, Simulator() as simulator:
        folder = Path(name)
        (folder / "channels").mkdir()
        (folder / "reconciler.yaml").write_text(PROJECT, "utf-8")
        (folder / "channels/oncall.yaml").write_text(SLACK, "utf-8")
        environ = {
            "OPENSEARCH_URL": simulator.url,
            "SLACK_URL": "https://hooks.slack.com/services/T0/B0/x",
            "PYTHONHASHSEED": "0",  # else the count differs by a hundredth
        }
        run([sys.executable, _COMMAND, "apply", "--yes"], folder, environ)  # so that all is as it should be
        return [f"{verb} {_millions(verb, folder, environ)} M instructions" for verb in _BUDGETS]


def _millions(verb: str, folder: Path, environ: dict[str, str]) -> int:
    count = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    said = run([*count, sys.executable, _COMMAND, verb], folder, environ).stderr
    found = re.search(r"Collected : (\d+)", said)
    assert found is not None, f"callgrind counted nothing: {said}"
    millions = int(found[1]) // 1_000_000
    assert millions <= _BUDGETS[verb], f"{verb} takes {millions} M instructions, more than {_BUDGETS[verb]} M"
    return millions
