#!/usr/bin/env python3
"""Pygments for callers in any language: a `lines` program.

    [task:highlight]
    command = python3 scripts/examples/highlight.py
    mode = lines

    cherry push --wait highlight '{"code":"int x;","language":"c"}'
"""
import json
import sys

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name


def answer(task):
    args = task["args"]
    lexer = get_lexer_by_name(args.get("language", "text"))
    return {"html": highlight(args["code"], lexer, HtmlFormatter(nowrap=True))}


for line in sys.stdin:
    task = json.loads(line)
    reply = {"id": task["id"]}
    try:
        reply.update(status="ok", result=answer(task))
    except Exception as error:  # an answer for this task; the next one goes on
        reply.update(status="error", error={"message": str(error)})
    print(json.dumps(reply), flush=True)
