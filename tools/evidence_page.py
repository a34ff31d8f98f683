"""`python -m tools.evidence_page --write|--check`: the tables of docs/evidence.md, from the reasons and exit codes.

`--write` rewrites the page between its markers; `--check` fails if it differs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reconciler.model.errors import MEANINGS
from reconciler.model.gaps import GAPS
from tools.written import between, run

PAGE = Path(__file__).parent.parent / "docs" / "evidence.md"


def reasons_table() -> str:
    """A row for each reason not to know something."""
    rows = ["| reason | about | when | what is said | exit | how to get to know |", "|---|---|---|---|---|---|"]
    for reason, gap in GAPS.items():
        exits = ", ".join(f"`{verb}` {code}" for verb, code in gap.exits.items())
        rows.append(f"| `{reason}` | {gap.about} | {gap.when} | {gap.says} | {exits} | {gap.evidence} |")
    return "\n".join(rows)


def exits_table() -> str:
    """A row for each exit code."""
    rows = [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def with_tables(page: str) -> str:
    """The page with its tables rewritten, each between `<!-- NAME -->` and `<!-- end -->`."""
    for name, table in (("reasons", reasons_table()), ("exit codes", exits_table())):
        page = between(page, name, table)
    return page


def main() -> int:
    """Write or check the page; returns the exit code."""
    return run("evidence_page", {PAGE: with_tables(PAGE.read_text("utf-8"))}, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
