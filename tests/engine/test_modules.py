"""How many modules one manifest passes on its way: printed (`-s`), and bounded, so that it does not grow unseen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK
from tests.guarded import PATIENCE

COUNT = """
import sys
from reconciler.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
ours = [m for n, m in sys.modules.items() if n.startswith("reconciler.") and not hasattr(m, "__path__")]
print(len(ours), file=sys.stderr)
"""
MOST = {"plan": 57, "apply": 68}
"""What they are now. One more has to earn its place: what a good run does not need is imported where it is needed."""


@pytest.mark.parametrize(("verb", "flags"), [("plan", []), ("apply", ["--yes"])])
def test_one_manifest_passes_a_bounded_number_of_modules(tmp_path: Path, verb: str, flags: list[str]) -> None:
    (tmp_path / "channels").mkdir()
    (tmp_path / "reconciler.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "channels/oncall.yaml").write_text(SLACK, "utf-8")
    with Simulator() as simulator:
        environ = {
            **os.environ,
            "OPENSEARCH_URL": simulator.url,
            "SLACK_URL": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        done = subprocess.run(
            [sys.executable, "-c", COUNT, verb, *flags],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    count = int(done.stderr.split()[-1])
    sys.stdout.write(f"{verb}: one manifest passes {count} modules\n")
    assert count <= MOST[verb]
