#!/bin/bash
# The task diff against the programs whose answers it gives: Python's difflib,
# GNU diff and git, each where it is installed, on generated pairs.
set -eu
. scripts/redis-private

command -v python3 >/dev/null || exit 77
python3 tests/tools/diff_peers.py "$PWD/${BUILD:-build}/tests/executor_drive" \
	"$SCRATCH" "${COUNT:-1000}" || fail "differs from its peers"
