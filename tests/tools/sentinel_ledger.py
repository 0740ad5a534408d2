#!/usr/bin/env python3
"""A producer that follows Sentinel, and a ledger of what Redis confirmed.

    sentinel_ledger.py DIR PASSWORD MASTER PORT...

Pushes tasks to the master that the sentinels at 127.0.0.1:PORT name, each with
WAIT for both replicas; those that both have are in the ledger. After each
+switch-master a probe is pushed to the new master; how long after the
announcement its reply came is a line of DIR/probes: MILLISECONDS PORT.

Ends when DIR/stop appears: pushes no more, waits for the replies, prints one
line: attempts, acknowledged, lost, answered twice. Status 1 if any was lost or
answered twice. DIR/acknowledged is the number so far.
"""
import os
import socket
import sys
import threading
import time

DIR, PASSWORD, MASTER = sys.argv[1:4]
PORTS = [int(port) for port in sys.argv[4:]]
REPLICAS = 2
BATCH = 20  # pushed at once


class Redis:
    """Just enough RESP2."""

    def __init__(self, port, seconds=1.0):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(parts))

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise OSError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if int(rest) < 0:
                return None
            return self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            if int(rest) < 0:
                return None
            return [self.read() for _ in range(int(rest))]
        return rest.decode()

    def ask(self, *words):
        self.send(*words)
        return self.read()

    def close(self):
        self.socket.close()


def find_master():
    for port in PORTS:
        try:
            sentinel = Redis(port, 0.3)
            sentinel.ask("AUTH", PASSWORD)
            answer = sentinel.ask("SENTINEL", "get-master-addr-by-name", MASTER)
            sentinel.close()
            if answer:
                return int(answer[1])
        except OSError:
            pass
    raise OSError("no sentinel answers")


def stopped():
    return os.path.exists(DIR + "/stop")


def task(number, key):
    return '{"task":"echo","id":%d,"args":{},"reply_to":"%s"}' % (number, key)


class Producer(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.attempts, self.acknowledged = 0, []

    def push(self, redis):
        first, self.attempts = self.attempts + 1, self.attempts + BATCH
        numbers = range(first, first + BATCH)
        redis.send("LPUSH", "tasks", *[task(n, "r:%d" % n) for n in numbers])
        redis.send("WAIT", REPLICAS, 300)
        redis.read()
        if redis.read() >= REPLICAS:
            self.acknowledged += numbers
            with open(DIR + "/acknowledged.new", "w") as out:
                out.write(str(len(self.acknowledged)))
            os.rename(DIR + "/acknowledged.new", DIR + "/acknowledged")

    def run(self):
        redis = None
        while not stopped():
            try:
                redis = redis or Redis(find_master())
                self.push(redis)
                time.sleep(0.005)
            except OSError:
                if redis:
                    redis.close()
                redis = None
                time.sleep(0.05)


class Listener(threading.Thread):
    """Hears one sentinel; the first to announce a change has it measured."""

    lock = threading.Lock()
    known = set()

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port

    def run(self):
        try:
            sentinel = Redis(self.port, None)
            sentinel.ask("AUTH", PASSWORD)
            sentinel.ask("SUBSCRIBE", "+switch-master")
            while True:
                message = sentinel.read()
                if message[0] == "message":
                    self.hear(message[2].split(), time.monotonic())
        except OSError:
            return

    def hear(self, words, heard):
        old, new = int(words[2]), int(words[4])
        with self.lock:
            if words[0] != MASTER or (old, new, heard // 5) in self.known:
                return
            self.known |= {(old, new, heard // 5), (old, new, heard // 5 + 1)}
        key = "r:probe:%d" % new + ":%d" % int(heard * 1000)
        redis = Redis(new, 10)
        redis.ask("LPUSH", "tasks", task(0, key))
        answer = redis.ask("BLPOP", key, 10)
        took = (time.monotonic() - heard) * 1000 if answer else 99999
        redis.close()
        with self.lock, open(DIR + "/probes", "a") as out:
            out.write("%d %d\n" % (took, new))


def check(producer):
    """Waits until all that was acknowledged is answered."""
    end = time.monotonic() + 30
    missing = list(producer.acknowledged)
    twice = 0
    while missing and time.monotonic() < end:
        try:
            redis = Redis(find_master())
            counts = [(n, redis.ask("LLEN", "r:%d" % n)) for n in missing]
            redis.close()
        except OSError:
            time.sleep(0.1)
            continue
        twice += sum(count > 1 for _, count in counts)
        missing = [n for n, count in counts if count == 0]
        time.sleep(0.1)
    print("attempts %d acknowledged %d lost %d answered twice %d"
          % (producer.attempts, len(producer.acknowledged), len(missing), twice))
    return 1 if missing or twice else 0


def main():
    for port in PORTS:
        Listener(port).start()
    producer = Producer()
    producer.start()
    producer.join()
    return check(producer)


sys.exit(main())
