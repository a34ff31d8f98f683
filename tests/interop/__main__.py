"""`make interop`: every round in turn, one line each. Exit code 1 if one failed; what could not be run is said so."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from tests.interop import prism

__all__ = ["main"]

ROUNDS: dict[str, Callable[[], list[str]]] = {"Prism, from Confluent's document": prism.play_round}
"""By what they are played against; each returns what it did, and raises AssertionError or NotRunError."""


def main() -> int:
    """Play all rounds."""
    failed = False
    for name, play_round in ROUNDS.items():
        try:
            steps = play_round()
        except prism.NotRunError as error:
            click.echo(f"NOT RUN  {name}: {error}")
        except AssertionError as error:
            failed = True
            click.echo(f"FAILED   {name}: {error}")
        else:
            click.echo(f"passed   {name}: {', '.join(steps)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
