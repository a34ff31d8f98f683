"""The peak memory of a plan, as the system counts it for a child process; simulators are processes of their own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.fleet import fleet, write_fleet
from benchmarks.measure import Measure, python, reconciler
from benchmarks.projects import environment

CASES = ((10_000, 1, 150), (100_000, 100, 400))
"""So many channels over so many targets in one project, and the megabytes that are promised."""

_CHILD = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(words: list[str], environ: Mapping[str, str], folder: Path) -> float:
    """The megabytes that a process had at its peak; RuntimeError if it failed."""
    done = subprocess.run(
        python("-c", _CHILD, *words), check=True, capture_output=True, text=True, cwd=folder, env=dict(environ)
    )
    code, most = map(int, done.stdout.split())
    if code:
        raise RuntimeError(f"{' '.join(words)} ended with {code}: {done.stderr[-500:]}")
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def measures() -> Iterator[Measure]:
    """A plan in which nothing changes, and one in which all is new."""
    for channels, targets, bound in CASES:
        each = channels // targets
        for what, live in (("unchanged", each), ("new", 0)):
            with tempfile.TemporaryDirectory() as name, fleet(targets, live) as urls:
                write_fleet(Path(name), urls, each)
                megabytes = peak(reconciler("plan"), environment(), Path(name))
            title = (
                f"memory: plan of {channels:,} {what} channels over {targets} {'target' if targets == 1 else 'targets'}"
            )
            yield Measure(title, megabytes, "MB", megabytes, megabytes, "peak resident memory", bound)
