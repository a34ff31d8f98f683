"""A fleet: many simulated clusters in one process, each on a port and with an id of its own, and the project for them.

`python -m benchmarks.fleet CLUSTERS CHANNELS` serves one whose channels are as the project's manifests say, and prints
the addresses. What is measured: one plan of all of it, against listing every cluster.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Measure, compare, in_turns, python, reconciler, run_process
from benchmarks.projects import CONFIGS, MANIFEST, SLACK_URL, environment, process
from reconciler.simulator import Simulator

OWNER = "bench"


def settled(channels: int) -> list[dict[str, object]]:
    """What a cluster holds once the manifests of `write_fleet` were applied to it."""
    return [
        {
            "config_id": f"{OWNER}_channel-{number:05d}",
            "config": {
                "name": f"Channel {number}",
                "description": f"Pages the payments on-call [{OWNER}/channel-{number:05d}]",
                "config_type": "slack",
                "is_enabled": True,
                "slack": {"url": SLACK_URL},
            },
        }
        for number in range(channels)
    ]


def names(clusters: int) -> list[str]:
    """The targets' names, in order."""
    return [f"prod-{number:03d}" for number in range(clusters)]


def write_fleet(folder: Path, urls: Mapping[str, str], channels: int, **settings: object) -> None:
    """A project of so many Slack channels on each of these targets; `settings` are every target's."""
    targets = {name: {"provider": "opensearch", "url": url, **settings} for name, url in urls.items()}
    spec = {
        "manifests": ["channels/"],
        "default_targets": sorted(urls),
        "targets": targets,
        "test": {"when": "never"},
    }
    project = {"apiVersion": "channels.gitops/v1", "kind": "Project", "metadata": {"name": OWNER}, "spec": spec}
    (folder / "reconciler.yaml").write_text(json.dumps(project))
    (folder / "channels").mkdir(exist_ok=True)
    documents = "---\n".join(MANIFEST % (number, number) for number in range(channels))
    (folder / "channels" / "channels.yaml").write_text(documents)


@contextmanager
def fleet(clusters: int, channels: int) -> Iterator[dict[str, str]]:
    """The addresses of a fleet in a process of its own, by target."""
    with process(["-m", "benchmarks.fleet", str(clusters), str(channels)], lines=clusters) as lines:
        yield dict(zip(names(clusters), (line.split()[1] for line in lines), strict=True))


CLUSTERS, CHANNELS = 100, 100
ROUNDS = 5
LIST_ALL = """
import asyncio, httpx, sys
async def main():
    async with httpx.AsyncClient(timeout=60) as client:
        async def one(url):
            (await client.get(url)).raise_for_status().json()
        await asyncio.gather(*map(one, sys.argv[1:]))
asyncio.run(main())
"""


def measures() -> Iterator[Measure]:
    """A plan of 100 clusters with 100 channels each, in one process, against one that lists them all at once."""
    with tempfile.TemporaryDirectory() as name, fleet(CLUSTERS, CHANNELS) as urls:
        folder, environ = Path(name), environment()
        write_fleet(folder, urls, CHANNELS)
        lists = [f"{url}{CONFIGS}?max_items=10000&sort_field=created_time_ms" for url in urls.values()]
        plan = reconciler("plan", "--detailed-exitcode")
        spent = in_turns(
            {
                "ours": lambda: run_process(plan, environ, folder),
                "lists": lambda: run_process(python("-c", LIST_ALL, *lists), environ, folder),
            },
            ROUNDS,
        )
    name = f"plan of {CLUSTERS} clusters of {CHANNELS} channels / bare lists of them"
    yield compare(name, spent["ours"], spent["lists"], "the lists")


async def serve(simulators: Sequence[Simulator]) -> None:
    """Serve all of them in this event loop, until the process is ended."""
    for simulator in simulators:
        await simulator.open()
        print("serving", simulator.url, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve what the command line says."""
    clusters, channels = int(sys.argv[1]), int(sys.argv[2])
    simulators = [Simulator(cluster_id=f"cluster-{name}") for name in names(clusters)]
    for simulator in simulators:
        simulator.seed(settled(channels))
    asyncio.run(serve(simulators))


if __name__ == "__main__":
    main()
