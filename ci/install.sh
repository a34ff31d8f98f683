#!/usr/bin/env bash
# Install reconciler from this checkout into a folder of its own, with the locked packages.
# Usage: ci/install.sh FOLDER [EXTRA...]; the command is then FOLDER/bin/reconciler. Extras: those of requirements/extras.
# A job calls this where a proposal is checked out: Python runs isolated (-I), and not there, so that no file of the
# proposal is imported.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "${1:?where to install to}"
folder=$(cd "$1" && pwd)
shift
read -r -a extras <<<"${*//,/ }"
cd "$source"
locks=(--requirement requirements/run.txt)
for extra in "${extras[@]}"; do
  if [[ ! $extra =~ ^[a-z]+$ || ! -f requirements/extras/$extra.txt ]]; then
    known=$(cd requirements/extras && printf '%s ' *.txt)
    echo "::error::there is no extra \"$extra\"; known: ${known//.txt/}" >&2
    exit 1
  fi
  locks+=(--requirement "requirements/extras/$extra.txt")
done
# What is installed there is renewed when this checkout, its locks or the extras are others.
content=$(find reconciler pyproject.toml requirements -type f ! -name '*.pyc' | LC_ALL=C sort | xargs cat | cksum)
wanted="${locks[*]} $content"
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ]; then
  exit 0
fi
"${PYTHON:-python3}" -I -m venv "$folder"
pip=("$folder/bin/python" -I -m pip --disable-pip-version-check install --quiet)
"${pip[@]}" --require-hashes "${locks[@]}"
"${pip[@]}" --no-deps --no-build-isolation "$source"
echo "$wanted" >"$folder/.installed"
