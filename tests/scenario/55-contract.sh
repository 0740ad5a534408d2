#!/bin/bash
# What the protocol promises, sentence by sentence, seen from outside.
set -eu
. scripts/redis-private
command -v python3 >/dev/null || skip "no python3"
redis_start
export REDIS_SOCKET SCRATCH CHERRY
PYTHONDONTWRITEBYTECODE=1 python3 tests/tools/contract.py "$@"
