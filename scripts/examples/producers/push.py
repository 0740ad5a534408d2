# python3 push.py KEY: pushes a task whose reply goes to KEY, prints the reply.
import json, os, socket, sys

path = os.environ.get("REDIS_SOCKET")
redis = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
redis.connect(path or ("127.0.0.1", 6379))
task = json.dumps({"task": "echo", "args": {"from": "python"}, "reply_to": sys.argv[1]})
for words in (["LPUSH", "tasks", task], ["BLPOP", sys.argv[1], "30"]):
    parts = [b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words]
    redis.sendall(b"*%d\r\n" % len(words) + b"".join(parts))
lines = redis.makefile("rb")  # :1, *2, $n, KEY, $n, the reply
print([lines.readline() for _ in range(6)][5].decode().rstrip())
