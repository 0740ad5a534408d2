#!/usr/bin/python3
"""The two ends of a ledger, and a handler between them; ledger_check.py reads what they write.

  ledger_drive.py produce SOCKET DIR FROM TO [BACKLOG]
      pushes tasks FROM to TO of a mixed kind to the queue `tasks`, keeping about BACKLOG [3000] waiting there; appends
      to DIR/acknowledged the ids that Redis answered for, to DIR/unknown those of pushes that were not answered
  ledger_drive.py push SOCKET DIR
      pushes the tasks on standard input, JSON a line, with the same notes
  ledger_drive.py collect SOCKET DIR
      takes replies from the list r:ledger to DIR/answered until TERM, and then until it is empty. How many it took is
      in the key ledger:collected; a reply leaves the list only after it is in the file, and is never taken twice,
      whatever dies
  ledger_drive.py handle RAN
      a program in mode `lines`: appends to the file RAN what it runs. Arguments: `n` the id; `key` of tasks that are
      unique by it; `ms` to take; `until` a file is there; `fail` so often before it succeeds
"""
import json, os, signal, socket, sys, time

PATIENCE = 120


class Broken(Exception):
    """The connection ended before the reply."""


class Redis:
    """One connection, made again when it is needed."""

    def __init__(self, path):
        self.path, self.file = path, None

    def open(self):
        """Waits for a server that serves."""
        end = time.monotonic() + PATIENCE
        while not self.file:
            try:
                sock = socket.socket(socket.AF_UNIX)
                sock.settimeout(30)
                sock.connect(self.path)
                self.sock, self.file = sock, sock.makefile('rb', 1 << 20)
                if self.ask('PING') == 'PONG':
                    return
            except (OSError, Broken):
                pass
            self.close()
            if time.monotonic() > end:
                sys.exit('no Redis for %d s' % PATIENCE)
            time.sleep(0.05)

    def close(self):
        if self.file:
            self.file.close()
            self.sock.close()
        self.file = None

    def ask(self, *words):
        """The reply, an error of the server's as an Exception among the values; Broken where there is none."""
        if not self.file:
            self.open()
        out = b'*%d\r\n' % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b'$%d\r\n%s\r\n' % (len(word), word)
        try:
            self.sock.sendall(out)
            return self.read()
        except OSError as error:
            self.close()
            raise Broken(str(error))

    def read(self):
        line = self.file.readline()
        if not line.endswith(b'\r\n'):
            self.close()
            raise Broken('end of file')
        kind, rest = line[:1], line[1:-2]
        if kind == b'*':
            return [self.read() for _ in range(int(rest))]
        if kind == b'$':
            size = int(rest)
            if size < 0:
                return None
            data = self.file.read(size + 2)
            if len(data) != size + 2:
                self.close()
                raise Broken('end of file')
            return data[:-2]
        if kind == b'-':
            return RuntimeError(rest.decode())
        return int(rest) if kind == b':' else rest.decode()


class Notes:
    """A file to which whole lines are appended, by several writers."""

    def __init__(self, *path):
        self.fd = os.open(os.path.join(*path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, lines):
        data = b''.join(line + b'\n' for line in lines)
        while data:
            data = data[os.write(self.fd, data):]


class Producer:
    def __init__(self, path, directory):
        self.redis = Redis(path)
        self.acknowledged, self.unknown = Notes(directory, 'acknowledged'), Notes(directory, 'unknown')

    def push(self, tasks):
        """Length of the queue; 0 where that is not known."""
        ids = [str(task['id']).encode() for task in tasks]
        words = [json.dumps(task).encode() for task in tasks]
        while True:
            try:
                reply = self.redis.ask('LPUSH', 'tasks', *words)
            except Broken:
                # Whether it ran is not known: other ids from here on, not these again.
                self.unknown.add(ids)
                return 0
            if isinstance(reply, int):
                self.acknowledged.add(ids)
                return reply
            time.sleep(0.05)

    def wait(self, backlog):
        """Until fewer than `backlog` tasks wait."""
        while True:
            try:
                waiting = self.redis.ask('LLEN', 'tasks')
                if isinstance(waiting, int) and waiting < backlog:
                    return
            except Broken:
                pass
            time.sleep(0.02)


def mixed_task(n):
    """Most are run by the handler; some by executors; some wait, fail at first, or are unique."""
    task = {'task': 'ledger', 'id': n, 'args': {'n': n}, 'reply_to': 'r:ledger'}
    kind = n % 50
    if kind % 5 == 0:
        task['task'] = 'echo'
    elif kind % 5 == 1:
        task.update(task='serialize', args={'value': [n, 'a'], 'to': 'php'})
    elif kind == 2:
        task['delay'] = 0.3
    elif kind == 7:
        task['args']['fail'] = 1
    elif kind == 12:
        task['unique'] = 'u%d' % n
        task['args']['key'] = task['unique']
    elif kind == 17:
        task['args']['ms'] = 20
    return task


def produce(path, directory, first, last, backlog=3000):
    producer, first, last, backlog = Producer(path, directory), int(first), int(last), int(backlog)
    for start in range(first, last + 1, 100):
        if producer.push([mixed_task(n) for n in range(start, min(start + 99, last) + 1)]) > backlog:
            producer.wait(backlog)


def push(path, directory):
    producer = Producer(path, directory)
    tasks = [json.loads(line) for line in sys.stdin]
    for start in range(0, len(tasks), 100):
        producer.push(tasks[start:start + 100])


# KEYS: the list, the count. ARGV: how many are in the file. What is there leaves the list; the next ones come.
TAKE = '''
local done, have = tonumber(redis.call("GET", KEYS[2]) or "0"), tonumber(ARGV[1])
if done < have then
    redis.call("LTRIM", KEYS[1], have - done, -1)
    redis.call("SET", KEYS[2], have)
end
return redis.call("LRANGE", KEYS[1], 0, 999)
'''


def collect(path, directory):
    redis, answered, count, ended = Redis(path), Notes(directory, 'answered'), 0, []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    while True:
        last = bool(ended)
        try:
            replies = redis.ask('EVAL', TAKE, 2, 'r:ledger', 'ledger:collected', count)
        except Broken:
            continue
        if isinstance(replies, Exception):
            time.sleep(0.05)
            continue
        answered.add(replies)
        count += len(replies)
        if not replies:
            if last:
                return
            time.sleep(0.02)


def handle(path):
    ran, failed = Notes(path), {}
    for line in sys.stdin:
        task = json.loads(line)
        args = task['args']
        n, key = b'%d' % args['n'], args.get('key', '').encode()
        ran.add([n + b' ' + key + b' begin' if key else n])
        if 'ms' in args:
            time.sleep(args['ms'] / 1000)
        while 'until' in args and not os.path.exists(args['until']):
            time.sleep(0.02)
        if key:
            ran.add([n + b' ' + key + b' end'])
        reply = {'id': task['id'], 'status': 'ok', 'result': {}}
        if failed.get(n, 0) < args.get('fail', 0):
            failed[n] = failed.get(n, 0) + 1
            reply = {'id': task['id'], 'status': 'error', 'error': {'message': 'not yet', 'retryable': True}}
        print(json.dumps(reply), flush=True)


if __name__ == '__main__':
    commands = {'produce': produce, 'push': push, 'collect': collect, 'handle': handle}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
