#!/usr/bin/env bash
# Wait until every earlier run of this workflow on this branch has ended, so that applies happen in order and none is
# dropped: a `concurrency` group keeps only the newest of the runs that wait. Needs GH_TOKEN with `actions: read`.
set -euo pipefail
deadline=$((SECONDS + ${RECONCILER_TURN_SECONDS:-3600}))
while true; do
  earlier=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$GITHUB_WORKFLOW" --branch "$GITHUB_REF_NAME" \
    --limit 100 --json number,status \
    --jq "[.[] | select(.number < $GITHUB_RUN_NUMBER and .status != \"completed\")] | length")
  if [ "$earlier" -eq 0 ]; then
    exit 0
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "::error::$earlier earlier runs have not ended; run this job again" >&2
    exit 1
  fi
  echo "waiting for $earlier earlier runs"
  sleep "${RECONCILER_TURN_PAUSE:-10}"
done
