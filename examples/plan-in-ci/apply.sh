#!/bin/sh
# The second job, after the merge: it has the secrets, and carries out what the reviewers saw, or refuses and says why.
# Run again after a crash, it finishes the work.
set -eu
cd "$(dirname "$0")"
exec reconciler apply "${PLAN_FILE:-plan.json}" --journal "${JOURNAL_FILE:-journal.jsonl}"
