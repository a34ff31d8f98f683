"""The pages of exit codes and of lint rules."""

from __future__ import annotations

from reconciler.model.errors import MEANINGS, ORDER
from reconciler.model.lint import LINT_RULES, LintRule
from reconciler.report.rules import RULES
from tools.reference.markdown import code, page, prose, table

_EXITS = """Exit codes are a contract: pipelines may rely on them, and no output format changes them.
`reconciler explain 4` says what one means."""

_RULES = """Each problem of `reconciler validate` names its rule, and `reconciler explain RULE` says what it demands. A
problem says where it is, on what, and what to do; this list says why such a thing is found at all."""

_LINT = """These have a level, which the project file can change under `spec.lint`, and a manifest can silence them
with a reason: [how](../lint.md)."""

_WRONG = """These are always errors: the target would refuse it, or it means nothing."""


def render_exit_codes() -> str:
    """The page of exit codes."""
    rows = [[str(code_), prose(f"{meaning[0].upper()}{meaning[1:]}.")] for code_, meaning in MEANINGS.items()]
    order = ", ".join(str(code_.value) for code_ in ORDER)
    return page(
        "Exit codes", _EXITS, table(["code", "meaning"], rows), f"Where several apply, the first of {order} counts."
    )


def render_rules() -> str:
    """The page of rules."""
    lint = [
        [code(name), rule.level.value, prose(rule.about), prose(rule.why), _silencer(rule)]
        for name, rule in sorted(LINT_RULES.items())
    ]
    wrong = [[code(rule), prose(RULES[rule])] for rule in sorted(RULES.keys() - LINT_RULES.keys())]
    return page(
        "Lint rules",
        _RULES,
        "## What is better not done",
        _LINT,
        table(["rule", "level", "what it demands", "why", "silenced by"], lint),
        "## What is wrong",
        _WRONG,
        table(["rule", "what it demands"], wrong),
    )


def _silencer(rule: LintRule) -> str:
    return "a manifest, with a reason" if rule.in_manifests else "the project file alone"
