#!/usr/bin/env bash
# Become the command, so that a signal of the CI reaches it. Words are split at blanks; nothing else is expanded.
# Usage: ci/run.sh RECONCILER, with the words in RECONCILER_COMMAND.
set -euo pipefail
set -f
# shellcheck disable=SC2086 # splitting is what is wanted
exec "${1:?the command}" ${RECONCILER_COMMAND:?which verb to run}
