"""The lists of `make mutants` fit the code as it is; what they take out is tried by that command itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.run import ROOT, Rule, read_rules, try_rule

RULES = read_rules()


def test_names_are_distinguished() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names)) > 50


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_is_taken_out_is_there_once_and_so_are_the_tests(rule: Rule) -> None:
    text = (ROOT / rule.file).read_text("utf-8")
    assert text.count(rule.before) == 1
    compile(text.replace(rule.before, rule.after), rule.file, "exec")
    assert rule.tests
    assert all((ROOT / test.partition("::")[0]).is_file() for test in rule.tests)


def test_a_rule_that_is_missed_and_one_that_is_not_are_distinguished_and_the_tree_is_as_before(tmp_path: Path) -> None:
    (tmp_path / "code_.py").write_text("LIMIT = 5\n")
    (tmp_path / "test_code.py").write_text("import code_ as c\n\ndef test_limit():\n    assert c.LIMIT == 5\n")
    held = Rule("limit", "code_.py", "5", "6", ("test_code.py",))
    assert try_rule(held, tmp_path).caught_by == "test_code.py::test_limit"
    assert try_rule(Rule("same", "code_.py", "5", "5 ", ("test_code.py",)), tmp_path).problem == "nobody misses it"
    assert "0 times" in try_rule(Rule("gone", "code_.py", "7", "8", ("test_code.py",)), tmp_path).problem
    assert (tmp_path / "code_.py").read_text() == "LIMIT = 5\n"
