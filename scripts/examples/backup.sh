#!/bin/bash
# A bash script as a task: args arrive as JSON on standard input, what it prints
# is the result. Exit status 75 asks for a retry.
#
#	[task:backup]
#	command = bash scripts/examples/backup.sh
set -eu
directory=$(sed -n 's/.*"directory":"\([^"\\]*\)".*/\1/p')
[ -n "$directory" ] || { echo 'args.directory is missing' >&2; exit 1; }
[ -d "$directory" ] || { echo "$directory is not there yet" >&2; exit 75; }
tar -C "$directory" -cf - . | wc -c
echo "attempt $CHERRY_ATTEMPT of $CHERRY_TASK for $CHERRY_ID" >&2
