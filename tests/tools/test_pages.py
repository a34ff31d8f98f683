"""Pages that describe the code: what they name is there, and what is drawn is as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tools import house

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "docs" / "how-it-works.md"
FILES = {"reconciler.yaml", "plan.json"}
NAMES = sorted(set(re.findall(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`", TOUR.read_text("utf-8"))) - FILES)


def looked_up(name: str) -> object:
    """What a dotted name stands for: a module, or something in one."""
    module, _, inner = name.rpartition(".")
    found = import_module(f"reconciler.{module}")
    return getattr(found, inner) if hasattr(found, inner) else import_module(f"reconciler.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_the_tour_of_a_run_names_what_is_there(name: str) -> None:
    assert looked_up(name)


def test_the_tour_is_a_tour() -> None:
    assert len(NAMES) > 30


def test_the_picture_of_the_house_is_that_of_the_import_graph() -> None:
    assert house.render() in house.PAGE.read_text("utf-8"), "make house WRITE=1"


def test_arrows_that_others_stand_for_are_left_out() -> None:
    imports = {"cli": {"plan", "model"}, "plan": {"model"}, "model": set[str]()}
    assert house.shortened(imports) == [("cli", "plan"), ("plan", "model")]


def packages() -> Iterator[str]:
    for path in sorted((ROOT / "reconciler").iterdir()):
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and not path.name.startswith("__")):
            yield path.stem


def test_every_package_stands_on_a_floor() -> None:
    floors = {name for floor in house.read_floors() for name in floor}
    assert floors | {house.APART} == set(packages())
