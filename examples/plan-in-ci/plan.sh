#!/bin/sh
# The first job, for a pull request: anybody may have written it, so it is given no secret, only read access.
# What it prints goes to the reviewers; the plan file is the artefact that is handed on.
set -eu
cd "$(dirname "$0")"
exec reconciler plan --out "${PLAN_FILE:-plan.json}"
