#!/usr/bin/env python3
"""A long-lived program as a task: one task a line in, one reply a line out."""
import collections
import json
import sys

for line in sys.stdin:
    task = json.loads(line)
    text = task["args"].get("text")
    if isinstance(text, str):
        words = collections.Counter(text.split())
        reply = {"id": task["id"], "status": "ok", "result": {"words": words}}
    else:
        reply = {"id": task["id"], "status": "error",
                 "error": {"code": "bad_args", "message": "args.text is not a text",
                           "field": "args.text"}}
    print(json.dumps(reply), flush=True)
