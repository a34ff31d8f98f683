"""`make test-operator`: build the API server if it is not there, then run the tests against it. Without Go: NOT RUN."""

from __future__ import annotations

import sys
import time

import click
import pytest

from tests.operator.build import PROGRAMS, NotBuildableError, binary, find_go


def main() -> int:
    """The exit code of the tests; 0 where they cannot be run, which is said by name."""
    try:
        find_go()
    except NotBuildableError as error:
        click.echo(f"NOT RUN  the operator against a real Kubernetes API server: {error}")
        return 0
    for name in PROGRAMS:
        began = time.monotonic()
        path = binary(name)
        click.echo(f"{name} is there after {time.monotonic() - began:.0f} s: {path}")
    # Each wait there has an end of its own: a test of many of them says where it is, and goes on.
    patient = ["-q", "-o", "faulthandler_exit_on_timeout=false"]
    return int(pytest.main([*patient, *(sys.argv[1:] or ["tests/operator/cluster"])]))


if __name__ == "__main__":
    sys.exit(main())
