#!/bin/bash
# A bash script as a task: arguments come as JSON on standard input, the result
# is what it prints, and exit status 75 asks for another attempt.
set -eu
args=$(cat)
case $args in
*'"busy":true'*)
	echo "the disk is busy" >&2
	exit 75
	;;
esac
echo "task $CHERRY_TASK, attempt $CHERRY_ATTEMPT, got $args"
