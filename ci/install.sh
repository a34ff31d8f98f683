#!/usr/bin/env bash
# Install reconciler from this checkout into a folder of its own, with the locked packages.
# Usage: ci/install.sh FOLDER; the command is then FOLDER/bin/reconciler.
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?where to install to}
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$source/requirements/run.txt"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation "$source"
