"""A worker behind a proxy that breaks its connection to Redis on purpose.

    fault_matrix.py BUILD SCRATCH [--long] [--only TEXT]

Each cell of the matrix is a fault: an error reply to one of the commands that
cherry sends, or a connection that is reset after so many bytes, late, slow,
cut up or silent. The fault is in force until the proxy says that it struck;
after its end the worker has to answer a task again within a bound. No task may
be lost or answered twice, the worker may not end. Lanes, each with a Redis, a
proxy and a worker that logs in as a user with a password and chooses a
database, work side by side on one list of cells.
"""
import collections
import os
import queue
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
from fault_lane import BOUND_START, COMMANDS, ENDING, PATIENCE, Lane, Wrong

BUILD, SCRATCH = sys.argv[1], sys.argv[2]
LONG = '--long' in sys.argv
ONLY = sys.argv[sys.argv.index('--only') + 1] if '--only' in sys.argv else ''
LANES = int(os.environ.get('FAULT_LANES', '8'))
BOUND_SILENT = 15.0  # from the beginning of a silence

ERRORS = {
    'LOADING': 'Redis is loading the dataset in memory',
    'MISCONF': 'Redis is configured to save RDB snapshots',
    'READONLY': "You can't write against a read only replica.",
    'NOPERM': 'this user has no permissions',
    'NOSCRIPT': 'No matching script.',
    'MOVED': '3999 127.0.0.1:6381',
    'WRONGTYPE': 'Operation against a key holding the wrong kind of value',
    'ERR': 'something that nobody foresaw',
    # The same classes again.
    'OOM': "command not allowed when used memory > 'maxmemory'.",
    'ERR max': 'number of clients reached',
    'WRONGPASS': 'invalid username-password pair or user is disabled.',
    'NOAUTH': 'Authentication required.',
    'BUSY': 'Redis is busy running a script.',
    'NOREPLICAS': 'Not enough good replicas to write.',
    'MASTERDOWN': "Link with MASTER is down and replica-serve-stale-data is "
                  "set to 'no'.",
    'CLUSTERDOWN': 'The cluster is down',
    'TRYAGAIN': 'Multiple keys request during rehashing of slot',
    'ASK': '3999 127.0.0.1:6381',
    'UNBLOCKED': 'force unblock from blocking operation',
}
SHORT_ERRORS = list(ERRORS)[:8]

# --- Cells -------------------------------------------------------------------


def cell_error(lane, command, error):
    lane.rule('error %s 1 %s %s' % (command, error, ERRORS[error]))
    lane.strike(command, PATIENCE.get(command, 6))
    if command in ENDING:
        lane.rule('clear')
        lane.stop_worker()
        lane.start_worker()
        return lane.recover(BOUND_START)
    lane.rule('clear')
    if command == 'CLIENT|UNBLOCK':
        lane.worker.send_signal(signal.SIGUSR2)
    return lane.recover()


def cell_reset(lane, size):
    lane.rule('reset %d' % size)
    lane.strike('', 6)
    lane.rule('clear')
    return lane.recover()


def cell_reset_new(lane, size):
    """Connections break while they log in, or soon after."""
    lane.rule('reset_new %d' % size)
    lane.kill_connections()
    lane.strike('', 6)
    lane.rule('clear')
    return lane.recover()


def cell_late(lane, size):
    lane.rule('late %d' % size)
    lane.strike('', 6)
    time.sleep(0.3)
    lane.rule('clear')
    return lane.recover()


def cell_slow(lane, rule):
    lane.rule(rule)
    lane.push_mixed()
    lane.kill_connections()
    lane.strike('', 6)
    lane.expect(lane.push(), 10, 'a task on a slow line')
    lane.rule('clear')
    return lane.recover()


def cell_silent(lane, busy):
    """Connections that are there say nothing more; new ones work."""
    lane.rule('hang')
    start = time.monotonic()
    if busy:
        lane.push_mixed()
    else:
        time.sleep(1)
    name = lane.push()
    lane.expect(name, BOUND_SILENT, 'a task on a silent line')
    spent = time.monotonic() - start
    if spent > BOUND_SILENT:
        raise Wrong('an answer after %.1f s of silence' % spent)
    if not lane.rule('status'):
        raise Wrong('the fault never struck')
    lane.rule('clear')
    lane.recover()
    return spent


def cell_silent_new(lane, seconds):
    """New connections are taken and then nothing is said."""
    lane.rule('hang_new')
    lane.kill_connections()
    name = lane.push()
    time.sleep(seconds)
    if not lane.rule('status'):
        raise Wrong('the fault never struck')
    lane.rule('clear')
    spent = lane.expect(name, BOUND_SILENT, 'a task once lines work again')
    lane.recover()
    return spent


def cell_leave(lane, count):
    """No fault but the order of two connections: a worker that has just begun
    to wait is told to stop, and has to be gone at once."""
    most = 0
    for _ in range(count):
        start = time.monotonic()
        lane.stop_worker()
        most = max(most, time.monotonic() - start)
        if lane.redis.run('EXISTS', 'cherry:{tasks}:workers'):
            raise Wrong('the worker has not signed out')
        lane.start_worker()
        lane.recover(BOUND_START)
    if most > 2:
        raise Wrong('the worker takes %.1f s to end' % most)
    return most


def make_cells():
    """Slow ones first, so that no lane is left with one at the end."""
    cells = []

    def add(kind, name, function, *args):
        if ONLY in '%s %s' % (kind, name):
            cells.append((kind, name, function, args))

    for busy in (False, True):
        add('silent', 'busy' if busy else 'idle', cell_silent, busy)
    for seconds in (2, 7):
        add('silent', 'new for %d s' % seconds, cell_silent_new, seconds)
    for command in reversed(COMMANDS):
        slow = command == '*|reap'
        for number, error in enumerate(ERRORS):
            # A command and an error of the second half meet in turn.
            if not LONG and (error not in SHORT_ERRORS and
                             (number + COMMANDS.index(command)) % 4 or
                             slow and number % 6):
                continue
            add('error', '%s on %s' % (error, command), cell_error, command,
                error)
    for number in range(60 if LONG else 12):
        add('leave', 'number %d' % number, cell_leave, 10)
    for rule in ('latency 300', 'slice 1', 'slice 7', 'latency 50'):
        add('slow', rule, cell_slow, rule)
    # A login is answered with some 1,500 bytes.
    step = 1 if LONG else 97
    for size in range(1, 2000, step):
        add('reset', 'after %d bytes' % size, cell_reset, size)
        add('reset', 'new after %d bytes' % size, cell_reset_new, size)
    for size in range(1, 3000, 3 if LONG else 173):
        add('late', 'after %d bytes' % size, cell_late, size)
    return cells


# --- Lanes -------------------------------------------------------------------


def run_lane(number, cells, results, seen):
    lane = None
    name = 'the start'
    try:
        while True:
            try:
                kind, name, function, args = cells.get_nowait()
            except queue.Empty:
                break
            try:
                if not lane:
                    lane = Lane(BUILD, os.path.join(SCRATCH, 'lane%d' % number), number)
                    lane.open()
                results.put((kind, name, function(lane, *args), None))
            except (Wrong, OSError, RuntimeError, ValueError) as why:
                tail = ''
                if lane and lane.processes:
                    with open(lane.log) as log:
                        tail = ''.join(log.readlines()[-25:])
                    tail += lane.describe()
                    lane.close()
                number += LANES
                lane = None
                results.put((kind, name, 0, '%s\n%s' % (why, tail)))
        if lane:
            name = 'the end'
            lane.check_end()
            lane.rule('commands')
            seen.update(lane.seen)
    except Exception as why:  # the lane's, whatever it is
        results.put(('lane', name, 0, repr(why)))
    finally:
        if lane:
            lane.close()


def main():
    cells, results, seen = queue.Queue(), queue.Queue(), set()
    made = make_cells()
    for cell in made:
        cells.put(cell)
    lanes = [threading.Thread(target=run_lane,
                              args=(n, cells, results, seen))
             for n in range(min(LANES, len(made)))]
    start = time.monotonic()
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    times, bad = collections.defaultdict(list), 0
    while not results.empty():
        kind, name, spent, why = results.get()
        if why:
            bad += 1
            print('%s: %s: %s' % (kind, name, why))
        else:
            times[kind].append((spent, name))
    for kind, spent in times.items():
        spent.sort()
        print('%-7s %4d cells; an answer after %.2f s (median), %.2f s (most: '
              '%s)' % (kind, len(spent), spent[len(spent) // 2][0],
                       *spent[-1]))
        if '--slowest' in sys.argv:
            print('        ' + ', '.join('%.2f %s' % s for s in spent[-12:]))
    print('%d cells in %.0f s, %d wrong' % (len(made),
                                            time.monotonic() - start, bad))
    seen = {name if name in COMMANDS else '*|' + name.split('|')[-1]
            for name in seen}
    strange, missing = seen - set(COMMANDS), set(COMMANDS) - seen
    if strange:
        print('sent, and not in the matrix: %s' % sorted(strange))
    if missing and not ONLY:
        print('in the matrix, and never sent: %s' % sorted(missing))
    sys.exit(1 if bad or not made or strange or missing and not ONLY else 0)


main()
