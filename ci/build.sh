#!/usr/bin/env bash
# Build what a release publishes: the sdist, the wheel made from that sdist, and a bill of materials of the locked run.
# Usage: ci/build.sh FOLDER; the folder then holds dist/ and sbom.json. The release workflow and `make interop` call it.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "${1:?where to build to}"
folder=$(cd "$1" && pwd)
cd "$source"
"${PYTHON:-python3}" -I -m venv "$folder/tools"
"$folder/tools/bin/python" -I -m pip --disable-pip-version-check install --quiet --require-hashes \
  --requirement requirements/release.txt
"$folder/tools/bin/python" -I -m build --no-isolation --outdir "$folder/dist" "$source"
"$folder/tools/bin/twine" check --strict "$folder"/dist/*
ci/install.sh "$folder/installed"
"$folder/tools/bin/cyclonedx-py" environment --pyproject pyproject.toml --mc-type application --output-reproducible \
  --output-format JSON --output-file "$folder/sbom.json" "$folder/installed/bin/python"
