"""`make interop`: every round in turn, one line each. Exit code 1 if one failed; what could not be run is said so."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from tests.interop import documents, forges, packages, prism, recipes, shells, site, sources, start_up
from tests.interop.tools import NotRunError

__all__ = ["main"]

ROUNDS: dict[str, Callable[[], list[str]]] = {
    "Prism, from Confluent's document": prism.play_round,
    "workflows and action": recipes.play_workflows,
    "shell scripts": recipes.play_shellcheck,
    "Dockerfile": recipes.play_hadolint,
    "pre-commit's hook": recipes.play_pre_commit,
    "GitLab's template": recipes.play_gitlab,
    "SARIF, for code scanning": documents.play_sarif,
    "HTML": documents.play_html,
    "GitHub's description of its API": forges.play_github,
    "completion in bash": shells.play_bash,
    "completion in fish": shells.play_fish,
    "completion in zsh": shells.play_zsh,
    "sops with age": sources.play_sops,
    "signatures of AWS": sources.play_signatures,
    "packages, as they are installed": packages.play_installs,
    "the site": site.play_site,
    "start-up, by callgrind": start_up.play_start_up,
    "lower bounds": packages.play_lower_bounds,
}
"""By what they are played against; each returns what it did, and raises AssertionError or NotRunError."""


def main() -> int:
    """Play all rounds, or those whose name has one of the words of the command line in it."""
    failed = False
    chosen = {name: play for name, play in ROUNDS.items() if any(word in name for word in sys.argv[1:] or [""])}
    for name, play_round in chosen.items():
        try:
            steps = play_round()
        except NotRunError as error:
            click.echo(f"NOT RUN  {name}: {error}")
        except AssertionError as error:
            failed = True
            click.echo(f"FAILED   {name}: {error}")
        else:
            click.echo(f"passed   {name}: {', '.join(steps)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
