#!/bin/bash
# The whole worker, logged in as a user on a database of its own, behind a proxy
# that breaks things: each class of error reply on each command that it sends,
# and connections that are reset, late, slow, cut up or silent. Each fault must
# have struck; the worker answers again within 2 s of its end (15 s after a
# silence began), loses nothing and answers nothing twice. SOAK=1: every error on
# every command, and a reset after every byte.
set -eu
. scripts/redis-private
command -v python3 >/dev/null || skip "no python3"
command -v redis-server >/dev/null || skip "no redis-server"
mkdir "$SCRATCH/matrix"
timeout "${SOAK:+14}280" python3 tests/tools/fault_matrix.py \
	"${BUILD:-build}" "$SCRATCH/matrix" ${SOAK:+--long} ||
	fail "status $?; cells are above"
