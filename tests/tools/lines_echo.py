"""A `lines` program as one writes it in Python: the result is the arguments."""
import json
import sys

for line in sys.stdin:
    task = json.loads(line)
    reply = {"id": task["id"], "status": "ok", "result": task["args"]}
    print(json.dumps(reply), flush=True)
