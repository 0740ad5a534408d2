"""What the contract's checks stand on: a Redis client by hand, workers, tasks
and their replies. Nothing but the standard library and the built program."""
import base64
import itertools
import json
import os
import socket
import subprocess
import threading
import time

SOCKET = os.environ["REDIS_SOCKET"]
SCRATCH = os.environ["SCRATCH"]
CHERRY = os.environ["CHERRY"]
numbers = itertools.count(1)


class RedisError(Exception):
    pass


class Redis:
    """One connection; bytes in, bytes out."""

    def __init__(self, path=SOCKET):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(60)
        self.link.connect(path)
        self.file = self.link.makefile("rb")

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.link.sendall(b"*%d\r\n" % len(words) +
                          b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def read(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if kind == b"$":
            if rest == b"-1":
                return None
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise RedisError("the link broke: %r" % line)

    def __call__(self, *words):
        self.send(*words)
        return self.read()


local = threading.local()


def redis(*words):
    """A command on this thread's own connection."""
    if not hasattr(local, "link"):
        local.link = Redis()
    return local.link(*words)


class Wrong(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Wrong(" ".join(w if isinstance(w, str) else repr(w) for w in what))


def same(got, expected, what=""):
    check(got == expected, what, "is", got, "and not", expected)


def wait_for(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, "not within", seconds, "s:", what)
        time.sleep(0.01)


# --- Promises ---------------------------------------------------------------------

promises = []


def promise(text):
    def keep(function):
        promises.append((text, function))
        return function
    return keep


# --- Workers ----------------------------------------------------------------------

workers = []


class Worker:
    def __init__(self, config, name=None, wait=True):
        self.name = name or "w%d" % next(numbers)
        path = os.path.join(SCRATCH, self.name + ".conf")
        with open(path, "w") as file:
            file.write("[redis]\nurl = unix://%s\n" % SOCKET + config)
        self.log = open(os.path.join(SCRATCH, self.name + ".log"), "wb")
        self.process = subprocess.Popen([CHERRY, "work", "-c", path],
                                        stdin=subprocess.DEVNULL, stderr=self.log)
        workers.append(self)
        self.wait_ready = wait
        if wait:
            wait_for(self.name + " is signed in", self.is_up, 20)

    def is_up(self):
        check(self.process.poll() is None, self.name, "ended with",
              self.process.returncode, self.tail())
        with open(self.log.name, "rb") as file:
            return b"event=redis_up" in file.read()

    def tail(self):
        with open(self.log.name, "rb") as file:
            return file.read()[-600:].decode("utf-8", "replace")

    def stop(self, signal="TERM", seconds=20):
        if self.process.poll() is None:
            self.process.send_signal(getattr(__import__("signal"), "SIG" + signal))
        return self.process.wait(seconds)


def workers_stop():
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.kill()
            worker.process.wait()


# --- Tasks and replies ------------------------------------------------------------------


def new_key(kind="r"):
    return "%s:%d" % (kind, next(numbers))


def text_of(task):
    return task if isinstance(task, bytes) else (
        task.encode() if isinstance(task, str) else json.dumps(task).encode())


def push(task, queue="tasks", command="LPUSH"):
    return redis(command, queue, text_of(task))


def reply_raw(key, seconds=20):
    got = redis("BLPOP", key, seconds)
    check(got is not None, "no reply in", key, "within", seconds, "s")
    return got[1]


def reply(key, seconds=20):
    return json.loads(reply_raw(key, seconds))


def ask(task, queue="tasks", seconds=20):
    """A task as dict or as text with $R for its reply key; its reply."""
    key = new_key()
    if isinstance(task, dict):
        task = dict(task, reply_to=key)
    else:
        task = text_of(task).replace(b"$R", key.encode())
    push(task, queue)
    return reply(key, seconds)


def code_of(answer):
    return answer["error"]["code"] if answer["status"] == "error" else "ok"


def stat(queue, name):
    return int(redis("HGET", "cherry:{%s}:stats" % queue, name) or 0)


def dead(queue):
    """The dead stream's entries as dicts of text."""
    return [dict(zip((f.decode() for f in fields[::2]), fields[1::2]))
            for _, fields in redis("XRANGE", "cherry:{%s}:dead" % queue, "-", "+")]


def b64(data):
    return base64.b64encode(data).decode()
