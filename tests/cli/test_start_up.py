"""What a verb loads: start-up is most of a short run, and one import at the wrong place brings a library back.

`make interop` counts the instructions too (`tests/interop/start_up.py`), where valgrind is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.guarded import PATIENCE

COMMAND = Path(sys.executable).with_name("reconciler")
HTTP = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna"}
LIBRARIES = {
    "version": {"click"},
    "validate": {"click", "jsonschema_rs", "yaml"},
    "plan": {"click", "jsonschema_rs", "yaml", "typing_extensions", *HTTP},
}
"""The packages that are not the standard library's and that a good run may load."""

NOT_FOR_OFFLINE = {
    *("asyncio", "hmac", "http", "importlib.metadata", "logging", "ssl", "subprocess", "traceback", "urllib.request"),
    *("reconciler.ci.jobs", "reconciler.engine.run", "reconciler.plan.changes", "reconciler.secrets.bounds"),
    *("reconciler.model.evidence", "reconciler.model.masking"),
}
NOT_WITHOUT_NEED = {
    *("importlib.metadata", "difflib", "xml", "zipfile"),
    *("reconciler.apply", "reconciler.export", "reconciler.git", "reconciler.providers.confluent"),
    *("reconciler.secrets.aws", "reconciler.secrets.bounds", "reconciler.secrets.commands", "reconciler.secrets.vault"),
    *("reconciler.model.schemas", "reconciler.report.html", "reconciler.report.document"),
}
KEPT_OUT = {
    "version": {*NOT_FOR_OFFLINE, *NOT_WITHOUT_NEED, "reconciler.manifests", "reconciler.engine", "reconciler.plan"},
    "validate": NOT_FOR_OFFLINE | NOT_WITHOUT_NEED,
    "plan": NOT_WITHOUT_NEED,
}
"""What a good run must do without, packages with all that is in them."""

MOST = {"version": 160, "validate": 235, "plan": 460}
"""How many modules at most, the standard library's and those of the start of Python among them."""


SCRIPT = """
import sys
command = sys.argv.pop(1)
try:
    exec(compile(open(command).read(), command, "exec"), {"__name__": "__main__"})
finally:
    print(*(name for name, module in sys.modules.items() if module is not None), file=sys.stderr)
"""
"""The console script, and then what is loaded. It is run by its text: other ways load modules themselves."""


@pytest.fixture(params=LIBRARIES)
def loaded(request: pytest.FixtureRequest, shell: Shell) -> tuple[str, set[str]]:
    """A verb, and the modules that the command has loaded when it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, COMMAND, request.param],
        cwd=shell.folder,
        env={**os.environ, **shell.environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return request.param, set(done.stderr.splitlines()[-1].split())


def top(name: str) -> str:
    return name.partition(".")[0]


def test_a_good_run_loads_no_library_that_it_does_not_use(loaded: tuple[str, set[str]]) -> None:
    verb, modules = loaded
    others = {top(name) for name in modules} - sys.stdlib_module_names - {"reconciler", "__main__"}
    parts = {name for name in others if name.startswith("__editable__") or "cython" in name}  # of others, and of yaml
    assert others - parts - {"_distutils_hack", "sitecustomize"} <= LIBRARIES[verb]


def test_a_good_run_loads_nothing_that_only_others_need(loaded: tuple[str, set[str]]) -> None:
    verb, modules = loaded
    found = {name for name in modules if any(name == kept or name.startswith(f"{kept}.") for kept in KEPT_OUT[verb])}
    assert found == set()


def test_a_good_run_loads_few_modules(loaded: tuple[str, set[str]]) -> None:
    verb, modules = loaded
    sys.stdout.write(f"{verb}: {len(modules)} modules\n")
    assert len(modules) <= MOST[verb]
