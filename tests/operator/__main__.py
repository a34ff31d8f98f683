"""`make test-operator`: build the API server if it is not there, then run the tests against it. Without Go: NOT RUN."""

from __future__ import annotations

import sys
import time

import click
import pytest

from tests.operator.build import NotBuildableError, binaries, find_go


def main() -> int:
    """The exit code of the tests; 0 where they cannot be run, which is said by name."""
    began = time.monotonic()
    try:
        find_go()
        binaries()
    except NotBuildableError as error:
        click.echo(f"NOT RUN  the operator against a real Kubernetes API server: {error}")
        return 0
    click.echo(f"the API server is there, after {time.monotonic() - began:.0f} s")
    return int(pytest.main(["-q", *(sys.argv[1:] or ["tests/operator/cluster"])]))


if __name__ == "__main__":
    sys.exit(main())
