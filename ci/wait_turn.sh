#!/usr/bin/env bash
# Wait until every earlier run of this workflow on this branch has ended, so that applies happen in order and none is
# dropped: a `concurrency` group keeps only the newest of the runs that wait. Needs GH_TOKEN with `actions: read`.
# A run that waits for a person's approval is not waited for: it may wait for days, and applies in its own time.
set -euo pipefail
deadline=$((SECONDS + ${RECONCILER_TURN_SECONDS:-3600}))
pause=${RECONCILER_TURN_PAUSE:-10}
unanswered=0
while true; do
  if earlier=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$GITHUB_WORKFLOW" --branch "$GITHUB_REF_NAME" \
    --limit 100 --json number,status \
    --jq "[.[] | select(.number < $GITHUB_RUN_NUMBER)
      | select(.status | IN(\"completed\", \"waiting\", \"action_required\") | not)] | length"); then
    unanswered=0
    if [ "$earlier" -eq 0 ]; then
      exit 0
    fi
    state="$earlier earlier runs have not ended"
  else
    unanswered=$((unanswered + 1))
    state="GitHub does not say which earlier runs have ended"
    if [ "$unanswered" -ge 10 ]; then
      echo "::error::$state, $unanswered times in a row; does the job have the permission \"actions: read\"?" >&2
      exit 1
    fi
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "::error::$state; run this job again" >&2
    exit 1
  fi
  echo "waiting: $state"
  sleep "$pause"
done
