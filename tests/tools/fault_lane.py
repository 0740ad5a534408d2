"""One worker behind the proxy that breaks things: what is started for it, what
makes it send each of its commands, what was pushed and answered."""
import collections
import json
import os
import signal
import socket
import subprocess
import time

BOUND = 2.0  # seconds from a fault's end to an answer
BOUND_START = 20  # from a process's start: its executors warm up first
DATABASE = 3

RIGHTS = (
    'on >right resetchannels &cherry:wake -@all ~cherry:* ~critical ~tasks '
    '~replies ~in +select +eval +evalsha +ping +role +info +client|setname '
    '+client|id +client|kill +client|unblock +subscribe +time +type +exists '
    '+del +expire +ttl +get +set +strlen +llen +lpush +rpush +lpop +rpop '
    '+lmove +blmove +hset +hget +hdel +hlen +hexists +hkeys +hincrby +zadd '
    '+zrem +zscore +zrange +zrangebyscore +zrevrange +zremrangebyscore '
    '+xadd').split()

# What a worker sends, by what makes it send that.
LOGIN = ['AUTH', 'SELECT', 'CLIENT|SETNAME', 'CLIENT|ID', 'CLIENT|KILL',
         'ROLE', 'INFO', 'SUBSCRIBE', 'EVAL|beat', 'EVAL|owned',
         'EVAL|claim', 'EVAL|adopt', 'EVAL|settle', 'EVAL|admit',
         'EVAL|fetch', 'EVALSHA|owned']
WORK = ['BLMOVE', 'CLIENT|UNBLOCK', 'EVALSHA|claim', 'EVALSHA|adopt',
        'EVALSHA|settle', 'EVALSHA|admit', 'EVALSHA|fetch', '*|take',
        '*|answer']
BEAT = ['EVALSHA|beat', 'HSET', 'EXPIRE', 'ZADD']
ENDING = ['DEL', 'ZREM', '*|leave']  # what a worker that ends says
COMMANDS = LOGIN + WORK + BEAT + ENDING + ['PING', '*|register', '*|reap',
                                           'ZREMRANGEBYSCORE']
# Seconds until they are sent: idle connections say PING every 3 s, and the dead
# are looked at four times.
PATIENCE = {'PING': 9, '*|reap': 40}



class Redis:
    """A connection to the server itself, past the proxy."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.file = self.socket.makefile('rb')
        self.run('AUTH', 'admin')
        self.run('SELECT', str(DATABASE))

    def send(self, words):
        out = [b'*%d\r\n' % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out.append(b'$%d\r\n%s\r\n' % (len(word), word))
        self.socket.sendall(b''.join(out))

    def read(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b'-':
            raise RuntimeError(rest.decode())
        if kind == b':':
            return int(rest)
        if kind == b'$':
            length = int(rest)
            return None if length < 0 else self.file.read(length + 2)[:-2]
        if kind == b'*':
            return [self.read() for _ in range(max(0, int(rest)))]
        return rest

    def run(self, *words):
        self.send(words)
        return self.read()


class Wrong(Exception):
    pass


class Lane:
    """A Redis, a proxy, a worker; and what was pushed and answered."""

    def __init__(self, build, directory, number):
        self.build, self.dir, self.number = build, directory, number
        self.processes = {}
        self.pushed, self.answers = {}, collections.Counter()
        self.read = self.count = 0
        self.seen = set()

    # --- Processes --------------------------------------------------------

    def open(self):
        os.makedirs(self.dir, exist_ok=True)
        path = os.path.join(self.dir, 'redis.sock')
        with open(os.path.join(self.dir, 'redis.log'), 'ab') as log:
            self.processes['redis'] = subprocess.Popen(
                ['redis-server', '--port', '0', '--unixsocket', path,
                 '--save', '', '--requirepass', 'admin', '--dir', self.dir],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                self.redis = Redis(path)
                break
            except (OSError, RuntimeError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.redis.run('ACL', 'SETUSER', 'worker', *RIGHTS)
        self.redis.run('SET', 'in', '{"a":1}')
        self.proxy = subprocess.Popen(
            [self.build + '/tests/fault_proxy', 'tcp', path], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.processes['proxy'] = self.proxy
        self.port = int(self.proxy.stdout.readline().split()[1])
        self.log = os.path.join(self.dir, 'worker.log')
        self.password = os.path.join(self.dir, 'password')
        with open(os.open(self.password, os.O_CREAT | os.O_WRONLY, 0o600),
                  'w') as out:
            out.write('right\n')
        self.config = os.path.join(self.dir, 'cherry.conf')
        with open(self.config, 'w') as out:
            out.write('[cherry]\nqueues = critical tasks\n'
                      'drain_timeout = 3\nlog_level = warn\n')
        self.start_worker()
        self.expect(self.push(), BOUND_START, 'the first task')

    def start_worker(self):
        # The password by the URL or, in every other lane, by a file.
        secret, more = ':right', []
        if self.number % 2:
            secret = ''
            more = ['--set', 'redis.password_file=' + self.password]
        with open(self.log, 'ab') as log:
            self.worker = subprocess.Popen(
                [self.build + '/cherry', 'work', '--concurrency', '1', '--redis',
                 'redis://worker%s@127.0.0.1:%d/%d' % (secret, self.port,
                                                       DATABASE),
                 '-c', self.config] + more,
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.processes['worker'] = self.worker

    def stop_worker(self):
        self.worker.send_signal(signal.SIGTERM)
        try:
            status = self.worker.wait(10)
        except subprocess.TimeoutExpired:
            raise Wrong('the worker does not end')
        if status:
            raise Wrong('the worker ended with %d' % status)

    def close(self):
        for name in ('worker', 'proxy', 'redis'):
            process = self.processes.pop(name, None)
            if process:
                process.kill()
                process.wait()
        self.proxy.stdin.close()
        self.proxy.stdout.close()

    # --- The proxy --------------------------------------------------------

    def rule(self, text):
        """Sets a rule; how often the rules in force have struck."""
        self.proxy.stdin.write(text + '\n')
        self.proxy.stdin.flush()
        while True:
            words = self.proxy.stdout.readline().split()
            if words and words[0] == 'ok':
                return int(words[2])
            if len(words) != 1:
                raise Wrong('the proxy says %s to %s' % (words, text))
            self.seen.add(words[0])

    # --- Tasks ------------------------------------------------------------

    def push(self, where='tasks', **more):
        self.count += 1
        name = 't%d' % self.count
        task = {'task': 'echo', 'id': name, 'reply_to': 'replies'}
        task.update(more)
        self.pushed[name] = 0
        self.redis.run('LPUSH', where, json.dumps(task))
        return name

    def push_mixed(self):
        """Something of each kind that has a command of its own."""
        self.push()
        self.push('critical', unique='u%d' % self.count)
        self.push('tasks', task='serialize', args={'to': 'php'},
                  inputs={'input': {'key': 'in'}})
        self.push('critical', delay=0.02)

    def collect(self):
        for reply in self.redis.run('LRANGE', 'replies', self.read, -1):
            self.read += 1
            reply = json.loads(reply)
            name = reply['id']
            self.answers[name] += 1
            if reply['status'] != 'ok':
                raise Wrong('%s is answered with %s' % (name, reply))
            if name not in self.pushed:
                raise Wrong('%s was never pushed' % name)
            if self.answers[name] > 1:
                raise Wrong('%s is answered twice' % name)

    def queued(self):
        """Seconds for which what runs here has stood in line for a processor."""
        total = 0
        try:
            for pid in [self.processes[name].pid for name in
                        ('worker', 'proxy', 'redis')] + self.children():
                with open('/proc/%d/schedstat' % pid) as stat:
                    total += int(stat.read().split()[1])
        except OSError:
            pass  # a kernel that does not say, or a process that has ended
        return total / 1e9

    def expect(self, name, seconds, what):
        """Waits for one answer; how long that took. A machine with more to do
        than it can is not the worker's fault."""
        start, queued = time.monotonic(), self.queued()
        while not self.answers[name]:
            self.collect()
            if (time.monotonic() - start > seconds and
                    time.monotonic() - start - seconds >
                    self.queued() - queued):
                raise Wrong('%s is not answered within %.1f s' %
                            (what, seconds))
            if self.worker.poll() is not None:
                raise Wrong('the worker ended with %d' %
                            self.worker.returncode)
            time.sleep(0.004)
        return time.monotonic() - start

    def expect_all(self, seconds):
        end = time.monotonic() + seconds
        while sum(self.answers.values()) < len(self.pushed):
            self.collect()
            if time.monotonic() > end:
                lost = [n for n in self.pushed if not self.answers[n]]
                raise Wrong('%d are not answered: %s' % (len(lost), lost[:3]))
            time.sleep(0.004)

    def describe(self):
        try:
            keys = b' '.join(sorted(self.redis.run('KEYS', '*'))).decode()
            clients = self.redis.run('CLIENT', 'LIST').decode()
        except (OSError, RuntimeError) as why:
            return str(why)
        return 'keys: %s\n%s' % (keys, '\n'.join(
            ' '.join(word for word in line.split()
                     if word.split('=')[0] in ('name', 'age', 'idle', 'cmd'))
            for line in clients.splitlines()))

    def check_end(self):
        """Nothing is left that anybody owns."""
        self.rule('clear')
        self.expect_all(20)
        end = time.monotonic() + 5
        while True:
            left = [key for key in self.redis.run('KEYS', '*')
                    if b':owned:' in key or b':inbox:' in key or
                    b':later' in key or key in (b'tasks', b'critical')]
            if not left:
                break
            if time.monotonic() > end:
                raise Wrong('keys are left: %s' % left)
            time.sleep(0.05)
        self.collect()

    # --- What makes a worker send things ----------------------------------

    def kill_connections(self):
        self.redis.run('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
        self.redis.run('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes')

    def provoke(self, command, turn):
        if command == 'PING':
            return  # silence does it
        if command in LOGIN:
            if turn % 8 == 0:
                self.kill_connections()
            self.push_mixed()
        elif command in BEAT:
            self.redis.run('PUBLISH', 'cherry:wake', 'x')
        elif command == 'ZREMRANGEBYSCORE':
            if turn == 0:
                self.stop_worker()
                self.start_worker()
        elif command == '*|register':
            if turn == 0:
                # Taken for dead while it owns nothing.
                self.expect_all(10)
                for name in ('critical', 'tasks'):
                    self.redis.run('DEL', 'cherry:{%s}:workers' % name)
                self.kill_connections()
        elif command == '*|reap':
            if turn == 0:
                self.plant_dead()
        elif command in ENDING:
            if turn == 0:
                self.worker.send_signal(signal.SIGTERM)
        elif command == '*|take':
            self.push_longer()
        elif command == 'CLIENT|UNBLOCK':
            # Told to claim no more, while both queues are waited for.
            if turn % 4 == 0:
                self.worker.send_signal(signal.SIGUSR1)
            elif turn % 4 == 3:
                self.push()
                self.worker.send_signal(signal.SIGUSR2)
        else:
            self.push_mixed()

    def push_longer(self):
        """A brief task, and one that should have been."""
        self.push()
        time.sleep(0.02)
        executors = self.children()
        for pid in executors:
            os.kill(pid, signal.SIGSTOP)
        self.push()
        time.sleep(0.01)
        for pid in executors:
            os.kill(pid, signal.SIGCONT)

    def children(self):
        pid = self.worker.pid
        with open('/proc/%d/task/%d/children' % (pid, pid)) as out:
            return [int(word) for word in out.read().split()]

    def plant_dead(self):
        """A worker that died owning a task."""
        self.count += 1
        name, worker = 't%d' % self.count, 'host:%d:dead' % self.count
        self.pushed[name] = 0
        self.redis.run('HSET', 'cherry:{tasks}:owned:' + worker, '7',
                       json.dumps({'task': 'echo', 'id': name,
                                   'reply_to': 'replies'}))
        self.redis.run('ZADD', 'cherry:{tasks}:workers',
                       int(time.time() * 1000), worker)

    def strike(self, command, seconds):
        """Provokes until the rules in force have struck twice, and a while."""
        start, turn = time.monotonic(), 0
        while True:
            self.provoke(command, turn)
            time.sleep(0.02)
            turn += 1
            struck = self.rule('status')
            spent = time.monotonic() - start
            if struck >= 2 and spent > 0.15 or struck and spent > 0.6:
                return struck
            if spent > seconds:
                raise Wrong('the fault never struck')
            if self.worker.poll() is not None and command not in ENDING:
                raise Wrong('the worker ended with %d' %
                            self.worker.returncode)

    def recover(self, bound=BOUND):
        """The fault has ended: an answer within the bound, and all the rest."""
        if self.worker.poll() is not None:
            raise Wrong('the worker ended with %d' % self.worker.returncode)
        spent = self.expect(self.push(), bound, 'a task after the fault')
        self.expect_all(20)
        return spent
