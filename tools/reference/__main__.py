"""`python -m tools.reference --write|--check`; `make reference` calls it."""

from __future__ import annotations

import sys

from tools.reference import render
from tools.written import run

if __name__ == "__main__":
    sys.exit(run("reference", render(), sys.argv[1:]))
