#!/usr/bin/env bash
# Fetch the plan that was reviewed on the pull request whose merge made this commit, as plan.json.
# Usage: ci/fetch_plan.sh WORKFLOW ARTIFACT FOLDER. Needs GH_TOKEN with `actions: read` and `pull-requests: read`.
set -euo pipefail
workflow=${1:?the workflow that plans} artifact=${2:?the name of its artifact} folder=${3:?where to put it}
head=$(gh api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq '.[0].head.sha // ""')
if [ -z "$head" ]; then
  echo "::error::this commit came from no pull request, so that there is no reviewed plan" >&2
  exit 1
fi
run=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$workflow" --commit "$head" --event pull_request \
  --status success --limit 1 --json databaseId --jq '.[0].databaseId // ""')
if [ -z "$run" ]; then
  echo "::error::no finished run of $workflow for $head: run it again on the pull request" >&2
  exit 1
fi
gh run download "$run" --repo "$GITHUB_REPOSITORY" --name "$artifact" --dir "$folder"
