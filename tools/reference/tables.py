"""The pages of exit codes and of lint rules."""

from __future__ import annotations

from reconciler.model.exits import MEANINGS, ORDER
from reconciler.report.rules import RULES
from tools.reference.markdown import code, page, prose, table

_EXITS = """Exit codes are a contract: pipelines may rely on them, and no output format changes them.
`reconciler explain 4` says what one means."""

_RULES = """Each problem of `reconciler validate` names its rule, and `reconciler explain RULE` says what it demands. A
problem says where it is, on what, and what to do; this list says why such a thing is found at all."""


def render_exit_codes() -> str:
    """The page of exit codes."""
    rows = [[str(code_), prose(f"{meaning[0].upper()}{meaning[1:]}.")] for code_, meaning in MEANINGS.items()]
    order = ", ".join(str(code_.value) for code_ in ORDER)
    return page(
        "Exit codes", _EXITS, table(["code", "meaning"], rows), f"Where several fit, the first of {order} counts."
    )


def render_rules() -> str:
    """The page of rules."""
    rows = [[code(rule), prose(RULES[rule])] for rule in sorted(RULES)]
    return page("Lint rules", _RULES, table(["rule", "what it demands"], rows))
