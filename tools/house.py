"""`python -m tools.house --write|--check`: the picture of the packages in CONTRIBUTING.md, from the import graph.

The floors are those of import-linter's contract in `pyproject.toml`. An arrow says that one package imports another; it
is left out if other arrows lead there as well, to keep the picture readable.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import grimp

from tools.written import between, run

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
APART = "simulator"
"""The package that is on no floor: it plays the systems that the others talk to."""


def read_floors() -> list[list[str]]:
    """The packages of each floor, from the top one down, as the contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = (one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    return [[name.strip().removeprefix("reconciler.") for name in floor.split("|")] for floor in contract["layers"]]


def read_imports(packages: list[str]) -> dict[str, set[str]]:
    """For each package, which of the others its modules import."""
    graph = grimp.build_graph("reconciler")
    for name in packages:
        graph.squash_module(f"reconciler.{name}")
    names = {f"reconciler.{name}": name for name in packages}
    return {
        name: {
            names[other] for other in graph.find_modules_directly_imported_by(module) if names.get(other, name) != name
        }
        for module, name in names.items()
    }


def shortened(imports: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """The imports as arrows, without those that other arrows imply. The graph has no cycles."""

    def reached(start: str) -> set[str]:
        return {start}.union(*(reached(other) for other in imports[start]))

    return [
        (name, other)
        for name, others in imports.items()
        for other in sorted(others)
        if not any(other in reached(third) for third in others - {other})
    ]


def render() -> str:
    """The picture, in Mermaid."""
    floors = read_floors()
    arrows = shortened(read_imports([APART, *(name for floor in floors for name in floor)]))
    lines = ["```mermaid", "flowchart TD"]
    for height, floor in zip(range(len(floors) - 1, -1, -1), floors, strict=True):
        lines += [f'  subgraph floor{height}["floor {height}"]', *(f"    {name}" for name in floor), "  end"]
    lines += [f"  {APART}", *(f"  {name} --> {other}" for name, other in arrows), "```"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run("house", {PAGE: between(PAGE.read_text("utf-8"), "house", render())}, sys.argv[1:]))
