"""Compares the task diff with the programs whose answers it gives.

    diff_peers.py EXECUTOR_DRIVE SCRATCH COUNT

Generated pairs: opcodes and ratio with Python's difflib, unified diffs with
difflib, with GNU diff and with git (each where it is installed). Ends with
status 1 and the first differences if there are any.
"""
import difflib
import json
import os
import random
import re
import shutil
import subprocess
import sys

DRIVE, SCRATCH, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
WORDS = 'alpha beta gamma delta count size next user node flag'.split()
STOCK = ['', '}', '    }', '{', '    return 0;', '#endif', '\f', '  ', '\t',
         'int main(void)', '$x', '_y = 1;', 'a\rb', 'x\r']
ENV = dict(os.environ, HOME=SCRATCH, GIT_CONFIG_NOSYSTEM='1',
           GIT_CONFIG_GLOBAL='/dev/null', LC_ALL='C.UTF-8')


def ask(calls):
    """The results of many calls, in their order."""
    lines = ''.join(json.dumps({'task': 'diff', 'args': c}) + '\n'
                    for c in calls)
    done = subprocess.run([DRIVE, '-s', 'off', '-c', 'core'], input=lines,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          encoding='utf-8')
    replies = [json.loads(x) for x in done.stdout.split('\n') if x]
    assert len(replies) == len(calls), (len(replies), len(calls))
    for reply, call in zip(replies, calls):
        assert reply['status'] == 'ok', (reply, call)
    return [x['result'] for x in replies]


# --- Sequences ---------------------------------------------------------------

def sequences(rnd):
    ids = rnd.choice([1, 2, 3, 5, 10, 30, 100])
    n = rnd.choice([0, 1, 5, 20, 60, 199, 200, 250, 400, 700])
    a = [rnd.randrange(ids) for _ in range(n)]
    kind = rnd.randrange(4)
    if kind == 0:
        n = rnd.choice([n, 0, 3, 50, 200])
        return a, [rnd.randrange(ids) for _ in range(n)]
    if kind == 1:
        unit = a[:rnd.randrange(1, 9)] or [0]
        a = (unit * (n // len(unit) + 1))[:n]
    if kind == 2:
        a = [x if i % 2 else i + 1000 for i, x in enumerate(a)]
    b = list(a)
    for _ in range(rnd.randrange(30)):
        at = rnd.randrange(len(b) + 1)
        b[at:at + rnd.randrange(6)] = [rnd.randrange(ids + 3)
                                       for _ in range(rnd.randrange(6))]
    return a, b


def check_opcodes():
    calls, expected = [], []
    for seed in range(COUNT):
        rnd = random.Random(seed)
        a, b = sequences(rnd)
        autojunk = rnd.random() < .5
        junk = rnd.sample(range(10), rnd.randrange(4))
        call = {'format': 'list', 'old': a, 'new': b, 'autojunk': autojunk}
        if junk:
            call['junk'] = junk
        calls.append(call)
        matcher = difflib.SequenceMatcher(
            junk.__contains__ if junk else None, a, b, autojunk)
        expected.append((matcher.get_opcodes(), matcher.ratio()))
    bad = []
    for seed, (got, (opcodes, ratio)) in enumerate(zip(ask(calls), expected)):
        if (list(map(list, opcodes)) != got['opcodes'] or
                ratio != got['ratio'] or not got['exact']):
            bad.append('opcodes, seed %d' % seed)
    return bad


# --- Texts -------------------------------------------------------------------

def line(rnd):
    if rnd.random() < .2:
        return rnd.choice(STOCK)
    return '%s%s%s%s%d' % (
        rnd.choice(['', '    ', '        ', '\t', '\t\t', '  ']),
        rnd.choice(WORDS), rnd.choice([' = ', '(', '; ', '\xe9 ']),
        rnd.choice(WORDS), rnd.randrange(rnd.choice([2, 10, 1000])))


def document(rnd):
    n = rnd.choice([0, 1, 2, 5, 10, 20, 40, 80])
    if rnd.random() < .05:
        n = rnd.choice([300, 1000])
    kind = rnd.randrange(5)
    stock = [line(rnd) for _ in range(rnd.randrange(2, 8))]
    if kind == 0:
        return [rnd.choice(stock) for _ in range(n)]
    if kind == 1:
        return (stock * (n // len(stock) + 1))[:n]
    return [line(rnd) for _ in range(n)]


def edited(rnd, lines):
    out = list(lines)
    for _ in range(rnd.choice([0, 1, 2, 3, 8, 30])):
        at = rnd.randrange(len(out) + 1)
        end = at + rnd.choice([0, 0, 1, 1, 2, 5])
        kind = rnd.randrange(5)
        if kind == 0:
            out[at:end] = []
        elif kind == 1:
            out[at:end] = [line(rnd) for _ in range(rnd.randrange(4))]
        elif kind == 2:
            out[at:at] = out[at:end]
        elif kind == 3 and out:
            start = rnd.randrange(len(out))
            block = out[start:start + rnd.randrange(6)]
            del out[start:start + len(block)]
            out[at:at] = block
        else:
            out[at:end] = [x + ' x' for x in out[at:end]]
    return out


def joined(rnd, lines):
    text = ''.join(x + '\n' for x in lines)
    return text[:-1] if rnd.random() < .2 else text


def split(text):
    return re.findall('[^\n]*\n|[^\n]+$', text)


def run(*command):
    return subprocess.run(command, cwd=SCRATCH, env=ENV,
                          stdout=subprocess.PIPE).stdout.decode()


def peers(old, new, context):
    """What each program says: (arguments of the call, its output)."""
    yield ({'dialect': 'difflib', 'old_label': 'o', 'new_label': 'n'},
           ''.join(difflib.unified_diff(split(old), split(new), 'o', 'n',
                                        n=context)))
    for name, text in (('old.txt', old), ('new.txt', new)):
        with open(os.path.join(SCRATCH, name), 'w', newline='') as out:
            out.write(text)
    if shutil.which('diff'):
        yield ({'old_label': 'o', 'new_label': 'n'},
               run('diff', '-U%d' % context, '--label', 'o', '--label', 'n',
                   'old.txt', 'new.txt'))
    for name in ('myers', 'histogram', 'patience'):
        if shutil.which('git'):
            yield ({'dialect': 'git', 'algorithm': name,
                    'old_label': 'a/old.txt', 'new_label': 'b/new.txt'},
                   run('git', 'diff', '--no-index', '--no-color',
                       '-U%d' % context, '--diff-algorithm=' + name,
                       'old.txt', 'new.txt'))


def check_unified():
    calls, expected = [], []
    for seed in range(COUNT // 5):
        rnd = random.Random(seed)
        lines = document(rnd)
        old = joined(rnd, lines)
        new = joined(rnd, edited(rnd, lines) if rnd.random() < .85
                     else document(rnd))
        context = rnd.choice([0, 0, 1, 2, 3, 3, 3, 5, 10])
        for call, output in peers(old, new, context):
            calls.append(dict(call, old=old, new=new, context=context))
            expected.append((seed, output))
    bad, equal = [], 0
    for got, call, (seed, output) in zip(ask(calls), calls, expected):
        if got['diff'] == output:
            equal += 1
        else:
            bad.append('unified, seed %d, %s %s' % (
                seed, call.get('dialect', 'gnu'), call.get('algorithm', '')))
    print('%d of %d unified diffs are equal' % (equal, len(calls)))
    return bad


failures = check_opcodes() + check_unified()
for failure in failures[:20]:
    print(failure)
sys.exit(1 if failures else 0)
