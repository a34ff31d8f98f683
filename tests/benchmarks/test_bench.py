"""The bench takes sides in turns, compares medians, and tells a regression from a noisy machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import opentofu
from benchmarks.__main__ import GROUPS, main
from benchmarks.fleet import settled, write_fleet
from benchmarks.history import Record, append, compare_with, read_history, record
from benchmarks.measure import Measure, Spent, compare, in_turns, missed, not_run, run_process
from benchmarks.projects import environment, write_project
from tests.engine.projects import Project


def test_sides_take_turns_and_each_begins_a_round() -> None:
    order: list[str] = []

    def side(name: str) -> Spent:
        order.append(name)
        return Spent(len(order), 0.5)

    spent = in_turns({"a": lambda: side("a"), "b": lambda: side("b")}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert [item.wall for item in spent["a"]] == [1, 4, 5]


def test_the_median_of_the_rounds_counts_and_not_one_that_was_disturbed() -> None:
    ours, theirs = [Spent(2, 3), Spent(90, 3), Spent(2, 3)], [Spent(1, 1), Spent(1, 1), Spent(1, 1)]
    measure = compare("a plan", ours, theirs, "a list", bound=1.5)
    assert (measure.value, measure.low, measure.high) == (2, 2, 46)
    assert "2.000 s against 1.000 s of a list  bound 1.5, missed" in str(measure)
    assert list(missed([measure, not_run("other", "no")])) == [
        "a plan: 2.00 times is more than the 1.5 that is promised"
    ]
    assert compare("a plan", ours, theirs, "a list", by_cpu=True).value == 3


def test_a_process_is_measured_and_its_failure_is_raised(tmp_path: Path) -> None:
    spent = run_process([sys.executable, "-c", "pass"], {}, tmp_path)
    assert spent.wall > 0 < spent.cpu
    with pytest.raises(Exception, match="exit status 3"):
        run_process([sys.executable, "-c", "import sys; sys.exit(3)"], {}, tmp_path)


def run_of(
    value: float, spread: float = 0.05, name: str = "plan", machine: str = "one", python: str = "3.11"
) -> Record:
    measure = Measure(name, value, low=value * (1 - spread), high=value * (1 + spread))
    return Record("2026-01-01T00:00:00+00:00", "c0ffee", machine, python, {}, {name: measure})


@pytest.mark.parametrize(
    ("earlier", "now", "worse", "better", "new"),
    [
        ([run_of(1.0)], run_of(1.5), 1, 0, 0),
        ([run_of(1.5)], run_of(1.0), 0, 1, 0),
        ([run_of(1.0)], run_of(1.15), 0, 0, 0),  # within the tolerance
        ([run_of(1.0, 0.4)], run_of(1.5, 0.4), 0, 0, 0),  # within what the rounds differed
        ([run_of(1.0), run_of(1.5)], run_of(1.5), 0, 0, 0),  # the last run counts
        ([run_of(1.0, machine="another")], run_of(9.0), 0, 0, 1),
        ([run_of(1.0, python="3.14")], run_of(9.0), 0, 0, 1),
        ([run_of(1.0), run_of(1.0, name="other")], run_of(1.5), 1, 0, 0),  # the last that has it
        ([], run_of(1.0), 0, 0, 1),
    ],
)
def test_a_regression_is_distinguished_from_noise(
    earlier: list[Record], now: Record, worse: int, better: int, new: int
) -> None:
    found = compare_with(now, earlier)
    assert (len(found.worse), len(found.better), len(found.new)) == (worse, better, new)


def test_history_is_kept_and_a_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    assert read_history(path) == []
    made = record([Measure("plan", 1.2, low=1.1, high=1.3), not_run("other", "not here")])
    append(path, made)
    with path.open("a") as file:
        file.write('{"date": "2026\n')
    append(path, made)
    assert read_history(path) == [made, made]
    assert list(made.measures) == ["plan"]
    assert made.commit
    assert made.versions["httpx"]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Measure]:
    """What the group `fleet` measures, in place of measuring."""
    found: list[Measure] = []
    monkeypatch.setattr("benchmarks.fleet.measures", lambda: iter(found))
    return found


def test_a_run_says_what_became_worse_and_fails_only_if_that_is_asked(played: list[Measure], tmp_path: Path) -> None:
    words = ["fleet", "--history", str(tmp_path / "history.jsonl")]
    played[:] = [Measure("plan", 1.0, low=1.0, high=1.0), not_run("OpenTofu", "not on this machine")]
    first = CliRunner().invoke(main, [*words, "--fail-on-regression", "--markdown"])
    assert (first.exit_code, "measured for the first time" in first.output) == (0, True)
    assert "NOT RUN: not on this machine" in first.output
    assert "| plan | 1.00 times |  |" in first.output
    assert "| OpenTofu | NOT RUN | not on this machine |" in first.output
    played[:] = [Measure("plan", 2.0, low=2.0, high=2.0)]
    again = CliRunner().invoke(main, [*words, "--fail-on-regression"])
    assert again.exit_code == 1
    assert "WORSE: plan: 1.00 -> 2.00 times" in again.output
    played[:] = [Measure("plan", 4.0, low=4.0, high=4.0)]
    assert CliRunner().invoke(main, words).exit_code == 0


def test_every_group_is_a_module_that_measures() -> None:
    for name in GROUPS:
        path = Path(opentofu.__file__).parent / f"{name}.py"
        assert "def measures() -> Iterator[Measure]:" in path.read_text(), name


def test_the_fleet_is_settled_as_its_project_wants_it(project: Project) -> None:
    project.simulators["search"].seed(settled(3))
    write_fleet(project.root, {"prod-000": project.simulators["search"].url}, 3)
    done = project.run("plan", "--detailed-exitcode", **environment())
    assert done.code == 0, done.everything


STUB = f"""#!{sys.executable}
import pathlib, sys
pathlib.Path(__file__).with_suffix(".log").open("a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "version":
    print('{{"terraform_version": "1.12.6", "platform": "linux_amd64"}}')
elif pathlib.Path(__file__).with_suffix(".broken").exists():
    sys.exit("Error: no such provider")
"""


@pytest.fixture
def stub(tmp_path: Path) -> dict[str, str]:
    """A `tofu` and a provider that only pretend; what runs them is tried, and not what they do."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("tofu", opentofu.PROVIDER):
        (tools / name).write_text(STUB)
        (tools / name).chmod(0o755)
    return {"PATH": str(tools)}


def test_opentofu_is_found_by_the_path_and_named_with_its_version(stub: dict[str, str], tmp_path: Path) -> None:
    found = opentofu.find(stub)
    assert isinstance(found, opentofu.Tofu)
    assert (found.version, Path(found.program).name) == ("1.12.6", "tofu")
    side = opentofu.Side(found, tmp_path / "side", "http://127.0.0.1:1", 2)
    side.run("validate")
    side.run("apply", "-auto-approve")
    said = (tmp_path / "tools" / "tofu.log").read_text().splitlines()
    assert said == ["version -json", "validate", "apply -input=false -no-color -auto-approve"]
    assert str(tmp_path / "tools") in (tmp_path / "side" / "tofu.rc").read_text()


@pytest.mark.parametrize("name", ["tofu", opentofu.PROVIDER])
def test_without_opentofu_or_its_provider_the_bench_says_so(stub: dict[str, str], tmp_path: Path, name: str) -> None:
    (tmp_path / "tools" / name).unlink()
    assert opentofu.find(stub) == f"{name} is not on this machine"


def test_an_opentofu_that_fails_is_not_run_with_its_words(
    stub: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tools" / "tofu.broken").touch()
    (tmp_path / "tools" / "tofu").write_text(STUB)
    monkeypatch.setenv("BENCH_TOFU", str(tmp_path / "tools" / "tofu"))
    monkeypatch.setenv("BENCH_TOFU_PROVIDER", str(tmp_path / "tools" / opentofu.PROVIDER))

    def only_theirs(tofu: opentofu.Tofu, *_: object, **__: object) -> Iterator[Measure]:
        opentofu.Side(tofu, tmp_path / "side", "http://127.0.0.1:1", 1).run("apply")
        yield not_run("never", "reached")

    monkeypatch.setattr(opentofu, "settled", only_theirs)
    (measure,) = opentofu.measures()
    assert "apply ended with 1: Error: no such provider" in measure.not_run


def test_the_projects_of_the_bench_are_valid(project: Project) -> None:
    folder = project.root / "bench"
    folder.mkdir()
    write_project(folder, 2)
    assert project.run_in(folder, "validate", "--strict", **environment()).code == 0


def test_a_record_is_plain_json() -> None:
    assert json.loads(record([Measure("plan", 1.0)]).to_line())["measures"]["plan"]["value"] == 1.0
