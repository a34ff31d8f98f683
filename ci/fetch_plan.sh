#!/usr/bin/env bash
# Fetch the plan that was reviewed on the pull request whose merge made this commit, as plan.json.
# Usage: ci/fetch_plan.sh WORKFLOW ARTIFACT FOLDER. Needs GH_TOKEN with `actions: read` and `pull-requests: read`.
set -euo pipefail
workflow=${1:?the workflow that plans} artifact=${2:?the name of its artifact} folder=${3:?where to put it}
# A commit belongs to every pull request that contains it, open ones too: only the one whose merge this is was reviewed.
head=$(gh api --paginate "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq ".[]
  | select(.merged_at != null and .merge_commit_sha == \"$GITHUB_SHA\" and .base.ref == \"$GITHUB_REF_NAME\")
  | .head.sha")
if [ -z "$head" ]; then
  echo "::error::no pull request to $GITHUB_REF_NAME was merged as $GITHUB_SHA, so there is no reviewed plan" >&2
  exit 1
fi
if [[ ! $head =~ ^[0-9a-f]{40}$ ]]; then
  echo "::error::more than one pull request was merged as $GITHUB_SHA, so it is not known which plan was reviewed" >&2
  exit 1
fi
run=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$workflow" --commit "$head" --event pull_request \
  --status success --limit 1 --json databaseId --jq '.[0].databaseId // ""')
if [ -z "$run" ]; then
  echo "::error::no finished run of $workflow for $head: run it again on the pull request" >&2
  exit 1
fi
gh run download "$run" --repo "$GITHUB_REPOSITORY" --name "$artifact" --dir "$folder"
