"""`python -m benchmarks.load_manifests`: loading 10,000 manifests against `yaml.load_all` on the same bytes.

Both in one process, each the best of three runs: one file with all documents, then a file for each.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from reconciler.manifests.load import load_manifests
from reconciler.model.kinds import KINDS

COUNT = 10_000
DOCUMENT = """\
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata:
  name: channel-{number:05d}
spec:
  webhook_url: {{env: SLACK_URL}}
"""


def seconds(work: Callable[[], object]) -> float:
    """The shortest of three runs."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Write the manifests, measure, print one line per way."""
    documents = [DOCUMENT.format(number=number) for number in range(COUNT)]
    with tempfile.TemporaryDirectory() as folder:
        together, apart = Path(folder, "together"), Path(folder, "apart")
        together.mkdir()
        apart.mkdir()
        (together / "all.yaml").write_text("---\n".join(documents), "utf-8")
        for number, document in enumerate(documents):
            (apart / f"{number:05d}.yaml").write_text(document, "utf-8")
        manifests = load_manifests([together], root=together).manifests
        assert len(manifests) == COUNT
        bare = seconds(lambda: list(yaml.load_all((together / "all.yaml").read_bytes(), yaml.CSafeLoader)))
        print(f"yaml.load_all, C loader       {bare:6.3f} s  1.00")
        for name, work in {
            "load_manifests, one file": lambda: load_manifests([together], root=together),
            "load_manifests, 10,000 files": lambda: load_manifests([apart], root=apart),
            "reading the fields": lambda: [KINDS[item.kind].read(item.spec, item.name) for item in manifests],
        }.items():
            taken = seconds(work)
            print(f"{name:29} {taken:6.3f} s  {taken / bare:.2f}")


if __name__ == "__main__":
    main()
