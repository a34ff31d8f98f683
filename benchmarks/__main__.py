"""`python -m benchmarks`: four comparisons, one line each."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Ratio, alternate, process_seconds
from benchmarks.projects import environment, simulator, write_project

CONFIGS = "/_plugins/_notifications/configs"
IMPORTS = ["-c", "import httpx, pydantic, yaml"]
LOAD_ALL = "import sys, yaml; list(yaml.load_all(open(sys.argv[1], 'rb').read(), Loader=yaml.CSafeLoader))"


def cold_start() -> list[Ratio]:
    """A whole process of `validate` and of `plan` for one unchanged channel against three imports."""
    with tempfile.TemporaryDirectory() as folder, simulator() as url:
        write_project(Path(folder), 1)
        environ = environment(url)
        process_seconds(["-m", "reconciler", "apply", "--yes"], environ, folder)
        ratios = []
        for verb in ("validate", "plan"):

            def ours(verb: str = verb) -> float:
                return process_seconds(["-m", "reconciler", verb], environ, folder)

            times = alternate(ours, lambda: process_seconds(IMPORTS, environ, folder), 15)
            ratios.append(Ratio(f"cold start: {verb} of one channel", *times, "1.5 times"))
        return ratios


def plan_thousand() -> Ratio:
    """A plan of 1,000 unchanged channels against one bare list call, in this process."""
    import httpx

    from reconciler.engine.load import load_workspace
    from reconciler.engine.options import ManifestOptions, Surroundings
    from reconciler.engine.targets import ReadOptions, read_targets
    from reconciler.plan.changes import UnreadTarget

    with tempfile.TemporaryDirectory() as folder, simulator() as url:
        write_project(Path(folder), 1000)
        os.environ.update(environment(url))
        process_seconds(["-m", "reconciler", "apply", "--yes"], os.environ, folder)

        async def planned() -> None:
            workspace = load_workspace(
                ManifestOptions(config=Path(folder) / "reconciler.yaml"), Surroundings(os.environ, Path(folder))
            )
            async with read_targets(workspace, ReadOptions()) as targets:
                if any(isinstance(live, UnreadTarget) or not live.plan.is_empty for live in targets):
                    sys.exit("the benchmark's plan is not empty")

        def bare() -> None:
            with httpx.Client() as client:
                client.get(f"{url}{CONFIGS}?max_items=10000&sort_field=created_time_ms").json()

        times = alternate(lambda: _seconds(lambda: asyncio.run(planned())), lambda: _seconds(bare), 7)
        return Ratio("plan of 1,000 unchanged channels", *times, "+0.5 s")


def validate_ten_thousand() -> Ratio:
    """`validate` of 10,000 manifests, whole process, against `yaml.load_all` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        manifests = write_project(Path(folder), 10_000)
        environ = environment()
        load = ["-c", LOAD_ALL, str(manifests)]
        times = alternate(
            lambda: process_seconds(["-m", "reconciler", "validate"], environ, folder),
            lambda: process_seconds(load, environ, folder),
            5,
        )
        return Ratio("validate of 10,000 manifests", *times, "2 times", f", 250 MB; peak {_peak(folder)} MB")


def _peak(folder: str) -> int:
    """The peak resident memory of one `validate`, in MB."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-m', 'reconciler', 'validate'], check=True, capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=folder, env=environment()
    )
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return int(done.stdout) // unit


def apply_thousand() -> Ratio:
    """`apply` of 1,000 creates without tests against a bare httpx loop of the same writes and read-backs."""
    times = alternate(lambda: _fresh("applied"), lambda: _fresh("bare_writes"), 3)
    return Ratio("apply of 1,000 creates, tests off", *times, "1.15 times")


def _fresh(side: str) -> float:
    """The seconds of one side against an empty simulator, in a process of its own: one must not warm up the other."""
    code = "import sys, benchmarks.__main__ as sides; print(getattr(sides, sys.argv[1])(*sys.argv[2:]))"
    with tempfile.TemporaryDirectory() as folder, simulator() as url:
        write_project(Path(folder), 1000)
        done = subprocess.run(
            [sys.executable, "-c", code, side, url, folder], check=True, capture_output=True, text=True
        )
    return float(done.stdout)


def applied(url: str, folder: str) -> float:
    """The seconds of an apply, from the manifests on disk to the last read."""
    os.environ.update(environment(url))
    from reconciler.apply.journal import Journal
    from reconciler.apply.run import Stop, apply_targets
    from reconciler.apply.session import Session
    from reconciler.engine.load import load_workspace
    from reconciler.engine.options import ManifestOptions, Surroundings
    from reconciler.engine.read import split_targets
    from reconciler.engine.targets import ReadOptions, read_targets

    async def run() -> float:
        workspace = load_workspace(
            ManifestOptions(config=Path(folder) / "reconciler.yaml"), Surroundings(os.environ, Path(folder))
        )
        begin = time.perf_counter()
        stop = Stop()
        async with read_targets(workspace, ReadOptions(must_resolve=True)) as targets:
            (live,), _ = split_targets(targets)
            session = Session(
                live.provider, live.plan, live.matching, live.secrets, live.ownership, Journal(), stop=stop.soft
            )
            result = await apply_targets([session], stop)
        if result.exit_code != 0:
            sys.exit("the benchmark's apply failed")
        return time.perf_counter() - begin

    return asyncio.run(run())


def bare_writes(url: str, _folder: str) -> float:
    """The seconds of the same writes and read-backs by httpx alone, as many at once."""
    import httpx

    async def run() -> float:
        begin = time.perf_counter()
        places = asyncio.Semaphore(10)
        async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=10)) as client:

            async def one(number: int) -> None:
                config = {
                    "name": f"Channel {number}",
                    "description": f"Pages the payments on-call [bench/channel-{number:05d}]",
                    "config_type": "slack",
                    "is_enabled": True,
                    "slack": {"url": "https://hooks.slack.com/services/T0/B0/not-a-real-token"},
                }
                async with places:
                    object_id = f"bench_channel-{number:05d}"
                    (await client.post(CONFIGS, json={"config_id": object_id, "config": config})).raise_for_status()
                    (await client.get(f"{CONFIGS}/{object_id}")).raise_for_status().json()

            await asyncio.gather(*(one(number) for number in range(1000)))
        return time.perf_counter() - begin

    return asyncio.run(run())


def _seconds(run: Callable[[], None]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print, one line as soon as it is known."""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; the best of several rounds, taken in turns\n")
    for ratio in cold_start():
        print(ratio, flush=True)
    for measure in (plan_thousand, validate_ten_thousand, apply_thousand):
        print(measure(), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\n(this process peaked at {peak // 1024} MB)")


if __name__ == "__main__":
    main()
