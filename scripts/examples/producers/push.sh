#!/bin/bash
# push.sh KEY: pushes a task whose reply goes to KEY, and prints the reply.
set -eu
redis=(redis-cli ${REDIS_SOCKET:+-s "$REDIS_SOCKET"})
task='{"task":"echo","args":{"from":"bash"},"reply_to":"'$1'"}'
"${redis[@]}" LPUSH tasks "$task" >/dev/null
"${redis[@]}" BLPOP "$1" 30 | tail -n 1
