"""What a release publishes, installed as people install it: pip, pipx and uv, wheel and sdist, from a folder of wheels.

The folder plays the index: what is installed from it can name nothing that it does not hold. The lower bounds are tried
with the oldest versions that they allow.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler import __version__
from reconciler.simulator import Simulator
from tests.interop.tools import ROOT, NotRunError, Tool, run, words_of

__all__ = ["play_installs", "play_lower_bounds"]

PIPX = Tool("pipx", "pipx==1.18.4", "pypi")
_UV = str(Path(sys.executable).parent / "uv")
_WHOLE = "channel-reconciler[simulator,aws,vault]"
_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        yield Path(name).resolve()


def play_installs() -> list[str]:
    """`ci/build.sh`, then every way to install what it made, without any other index."""
    with _folder() as folder:
        if run(
            [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, "click"], expect=None
        ).returncode:
            raise NotRunError("no package index is within reach")
        run([ROOT / "ci/build.sh", folder])
        dist = folder / "dist"
        sdist = dist / f"channel_reconciler-{__version__}.tar.gz"
        assert (folder / "sbom.json").stat().st_size > 10_000
        locks = [word for name in ("run", *_extras()) for word in ("-r", f"requirements/{name}.txt")]
        run([sys.executable, "-I", "-m", "pip", "download", "--quiet", "-d", dist, *locks])
        run([sys.executable, "-I", "-m", "pip", "download", "--quiet", "-d", dist, "pip"])  # pipx asks for a new one
        index = ["--no-index", "--find-links", str(dist)]
        steps = ["build", "twine", "bill of materials"]
        for name, what in {"sdist": str(sdist), "wheel": _WHOLE}.items():
            run([_UV, "venv", "--quiet", "--seed", folder / name])
            run(
                [folder / name / "bin/python", "-I", "-m", "pip", "install", "--quiet", "--no-compile", *index, what],
                folder,
            )
            _works(folder / name / "bin/reconciler", folder, simulator=what == _WHOLE)
            steps.append(f"pip ({name})")
        homes = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "uv-bin")}
        run([_UV, "tool", "install", "--quiet", *index, _WHOLE], folder, homes)
        _works(folder / "uv-bin/reconciler", folder, simulator=True)
        pipx, version = words_of(PIPX)
        homes = {
            "PIPX_HOME": str(folder / "pipx"),
            "PIPX_BIN_DIR": str(folder / "pipx-bin"),
            "PIPX_DEFAULT_BACKEND": "pip",
        }
        run([*pipx, "install", "--pip-args", f"--no-compile --no-index --find-links {dist}", _WHOLE], folder, homes)
        _works(folder / "pipx-bin/reconciler", folder, simulator=True)
        return [*steps, "uv tool", version]


def _extras() -> list[str]:
    return [f"extras/{path.stem}" for path in sorted((ROOT / "requirements/extras").glob("*.txt"))]


def _works(command: Path, folder: Path, simulator: bool) -> None:
    assert run([command, "version"], folder).stdout.strip() == f"reconciler {__version__}"
    project = folder / f"project-{command.parent.parent.name}-{command.parent.name}"
    run([command, "init", project], folder)
    assert "0 errors" in run([command, "validate"], project).stdout
    done = run([command, "simulate", "--help"], folder)
    assert "--port" in done.stdout
    python = Path(command.resolve().read_text("utf-8").splitlines()[0].removeprefix("#!").split()[0])
    found = run([python, "-I", "-c", "import aiohttp, aiosmtpd, boto3, hvac"], folder, expect=None)
    assert (found.returncode == 0) is simulator, found.stderr


def play_lower_bounds() -> list[str]:
    """The oldest allowed version of everything that we name, on the oldest Python that is here: the main path."""
    with _folder() as folder, Simulator() as simulator:
        words = ["--quiet", "--resolution", "lowest-direct", "--python-version", "3.11", "--no-header"]
        extras = [word for name in ("build", *_extras()) for word in ("--extra", Path(name).name)]
        made = run(
            [_UV, "pip", "compile", *words, *extras, ROOT / "pyproject.toml", "-o", folder / "lowest.txt"], expect=None
        )
        if made.returncode:
            raise NotRunError(f"no package index is within reach: {made.stderr.strip().splitlines()[-1]}")
        python = folder / "environment/bin/python"
        run([_UV, "venv", "--quiet", "--python", "3.11", folder / "environment"])
        run([_UV, "pip", "install", "--quiet", "--python", python, "-r", folder / "lowest.txt"])
        run([_UV, "pip", "install", "--quiet", "--python", python, "--no-deps", "--no-build-isolation", ROOT])
        command = folder / "environment/bin/reconciler"
        environ = {
            "OPENSEARCH_URL": simulator.url,
            "SLACK_URL": _URL,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        }
        project = folder / "project"
        run([command, "init", project, "--url", simulator.url], folder)
        environ["EXAMPLE_SLACK_URL"] = _URL
        run([command, "validate", "--sarif", folder / "problems.sarif"], project, environ)
        run([command, "plan", "--out", folder / "plan.json", "-o", "html"], project, environ)
        run([command, "apply", folder / "plan.json"], project, environ)
        environ["EXAMPLE_SLACK_URL"] = f"{_URL}q"
        run([command, "plan", "--detailed-exitcode"], project, environ, expect=2)  # two sides that differ
        run([command, "apply", "--yes"], project, environ)
        run([command, "test", "--all", "--junit", folder / "junit.xml"], project, environ)
        run([command, "drift"], project, environ)
        run([command, "export", "--all", "--dir", folder / "exported"], project, environ)
        for name in ("hvac", "boto3.session", "reconciler.providers.connection", "reconciler.simulator"):
            run([python, "-I", "-c", f"import {name}"], folder)
        pins = [
            line
            for line in (folder / "lowest.txt").read_text("utf-8").splitlines()
            if line.startswith(("deepdiff=", "httpx="))
        ]
        return ["validate, plan, apply, test, drift, export", *pins]
