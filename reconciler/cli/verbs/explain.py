"""`reconciler explain`: a kind, the project file, a field of either, a rule of `validate`, or the exit codes."""

from __future__ import annotations

import click

from reconciler.cli.options import complete_explained
from reconciler.cli.terminal import out
from reconciler.manifests.manifest import load_schema
from reconciler.model.errors import ConfigurationError, Exit
from reconciler.model.kinds import KINDS
from reconciler.model.text import suggest
from reconciler.report.explain import explain_exits, explain_field, explain_kind, explain_rule, field_names
from reconciler.report.rules import RULES

_PROJECT, _EXIT = "project", "exit"


@click.command("explain")
@click.argument(
    "what", metavar="[KIND[.FIELD]|project[.FIELD]|RULE|exit|CODE]", required=False, shell_complete=complete_explained
)
def command(what: str | None) -> int:
    """Explain a kind of manifest, and each of its fields: SlackChannel.webhook_url.

    Also: the project file (project.targets.url), a rule that a problem names, the exit codes (exit), and one of them.
    """
    out(_overview() if what is None else _explained(what))
    return 0


def _overview() -> str:
    lines = ["Kinds:", *(f"  {kind}: {load_schema(kind).get('description', '')}" for kind in KINDS)]
    lines += ["", f"Project file: {_PROJECT}", f"Exit codes: {_EXIT}", f"Rules: {', '.join(sorted(RULES))}"]
    return "\n".join(lines)


def _explained(what: str) -> str:
    if what.lower() == _EXIT:
        return explain_exits()
    if what.isdecimal() and what in {str(code.value) for code in Exit}:
        return explain_exits([Exit(int(what))])
    if what in RULES:
        return explain_rule(what)
    kind, *path = what.split(".")
    schema = load_schema(_document(kind, what))
    path = path[1:] if path[:1] == ["spec"] else path
    text = explain_field(schema, path) if path else explain_kind(schema)
    if text is None:
        close = suggest(path[0], field_names(schema)) or f"it has: {', '.join(field_names(schema))}"
        raise ConfigurationError(f"{what}: no such field; {close}")
    return text


def _document(kind: str, what: str) -> str:
    """The name of the schema of a kind or the project file, whatever its case; ConfigurationError if there is none."""
    known = {name.lower(): name for name in (*KINDS, _PROJECT)}
    if kind.lower() in known:
        return known[kind.lower()]
    others = (*KINDS, _PROJECT, _EXIT, *RULES)
    hint = suggest(what, others) or suggest(kind, others) or f"known: {', '.join((*KINDS, _PROJECT, _EXIT))}"
    raise ConfigurationError(f"{what}: no such kind, rule or exit code; {hint}")
