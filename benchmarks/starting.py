"""Cold starts: whole processes for one channel, against what any Python program of this kind has to spend."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Measure, Spent, compare, in_turns, python, reconciler, run_process
from benchmarks.projects import CONFIGS, environment, simulator, write_project

ROUNDS = 15
LIST = "import httpx, sys; httpx.get(sys.argv[1]).json()"


def measures() -> Iterator[Measure]:
    """`version`, `validate` and `plan` of one channel, by processor time, since no other load changes that much."""
    with tempfile.TemporaryDirectory() as name, simulator() as url:
        folder, environ = Path(name), environment(url)
        write_project(folder, 1)
        run_process(reconciler("apply", "--yes"), environ, folder)

        def side(words: list[str]) -> Callable[[], Spent]:
            return lambda: run_process(words, environ, folder)

        sides = {verb: side(reconciler(verb)) for verb in ("version", "validate", "plan")}
        sides["a bare Python start"] = side(python("-c", "pass"))
        sides["import httpx, yaml"] = side(python("-c", "import httpx, yaml"))
        sides["a bare list call"] = side(python("-c", LIST, f"{url}{CONFIGS}"))
        spent = in_turns(sides, ROUNDS)
    for verb, yardstick in (
        ("version", "a bare Python start"),
        ("validate", "import httpx, yaml"),
        ("plan", "import httpx, yaml"),
        ("plan", "a bare list call"),
    ):
        yield compare(f"cold {verb} / {yardstick}", spent[verb], spent[yardstick], yardstick, by_cpu=True)
