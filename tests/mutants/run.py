"""`make mutants`: take each listed rule out in turn, in a copy of the tree, and show the test that caught it.

A rule is an entry of a TOML file in this folder: what is taken out (`file`, `before`, `after`) and the tests that must
notice (`tests`, paths or node ids). A rule that nobody misses fails the run, and so does an entry that no longer fits
the code, or whose tests do not pass with the rule in place. The work tree is never touched.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("reconciler", "tests", "tools", "schemas", "docs", "examples", "pyproject.toml")
SECONDS = 600  # no test is timed: it is only what hangs that must end
ALL_SECONDS = 3600


@dataclass(frozen=True)
class Rule:
    """One rule, and how to take it out: `before` occurs once in the file, and becomes `after`."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant: the tests that caught it, or what is wrong."""

    rule: Rule
    caught_by: str = ""
    problem: str = ""


def read_rules(folder: Path = HERE) -> list[Rule]:
    """All rules of all lists, in order; a ValueError names an entry that is not whole."""
    rules: list[Rule] = []
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["rule"]:
            try:
                rules.append(Rule(**{**entry, "tests": tuple(entry["tests"])}))
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path.name}: an entry is not whole: {error}") from None
    return rules


def try_rule(rule: Rule, tree: Path) -> Verdict:
    """Take a rule out of a tree of your own, run its tests, and put it back."""
    path = tree / rule.file
    whole = path.read_text("utf-8")
    if whole.count(rule.before) != 1:
        return Verdict(rule, problem=f"the text to take out occurs {whole.count(rule.before)} times in {rule.file}")
    path.write_text(whole.replace(rule.before, rule.after), "utf-8")
    try:
        failed = run_tests(rule.tests, tree)
    finally:
        path.write_text(whole, "utf-8")
    if failed is None:
        return Verdict(rule, problem="its tests cannot be run")
    return Verdict(rule, failed) if failed else Verdict(rule, problem="nobody misses it")


def run_tests(tests: tuple[str, ...], tree: Path, seconds: int = SECONDS, jobs: int = 0) -> str | None:
    """The first test that fails, "" if all pass; None if they could not be run. `jobs` processes share the work."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "--tb=no",
        f"-n{jobs}",
        *tests,
    ]
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environ, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return "no test: it never ended"
    if done.returncode == 0:
        return ""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return found[1] if done.returncode == 1 and found else None


def main() -> int:
    """0 if every rule is missed by a test, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only rules whose name holds one of these words")
    parser.add_argument("--jobs", type=int, default=2, help="how many trees are worked on at once")
    given = parser.parse_args()
    rules = [rule for rule in read_rules() if not given.words or any(word in rule.name for word in given.words)]
    failed = 0
    for verdict in verdicts(rules, max(1, given.jobs)):
        failed += not verdict.caught_by
        tell(verdict)
    sys.stdout.write(f"{len(rules) - failed} of {len(rules)} rules are held by a test\n")
    return 1 if failed or not rules else 0


def tell(verdict: Verdict) -> None:
    """One rule and who missed it."""
    name = verdict.rule.name
    if verdict.caught_by:
        sys.stdout.write(f"caught  {name}\n        {verdict.caught_by}\n")
    else:
        sys.stdout.write(f"MISSED  {name}: {verdict.problem}\n")
    sys.stdout.flush()


def verdicts(rules: list[Rule], jobs: int) -> Iterator[Verdict]:
    """Every verdict, in the order of the rules; each job works on a tree of its own."""
    with tempfile.TemporaryDirectory(prefix="reconciler-mutants-") as name:
        trees = [copy_tree(Path(name) / str(number)) for number in range(jobs)]
        broken = run_tests(tuple(sorted({test for rule in rules for test in rule.tests})), trees[0], ALL_SECONDS, jobs)
        if broken != "":
            sys.exit(f"the tests fail, or cannot be run, without any mutant: {broken or 'is a path wrong?'}")
        with ThreadPoolExecutor(jobs) as pool:
            free = list(trees)

            def one(rule: Rule) -> Verdict:
                tree = free.pop()
                try:
                    return try_rule(rule, tree)
                finally:
                    free.append(tree)

            yield from pool.map(one, rules)


def copy_tree(place: Path) -> Path:
    """A copy of what the tests need."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=ignored)
        else:
            shutil.copy(source, place / name)
    return place


if __name__ == "__main__":
    sys.exit(main())
