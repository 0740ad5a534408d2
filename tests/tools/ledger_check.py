#!/usr/bin/python3
"""Holds what came of tasks against what was pushed. The words are those of Jepsen's total-queue.

  ledger_check.py DIR [--handler TASK] [--allow CODE,...]

Files in DIR, each a line an entry; one that is missing is empty:

  acknowledged  ids of tasks whose push Redis answered
  unknown       ids of tasks whose push was not answered: they may be there or not
  ran           what the handlers append: ID, or ID KEY begin and ID KEY end for tasks that are unique by KEY
  answered      replies as the one consumer took them

An id that stands there twice is two tasks. Says, in one line of NAME NUMBER pairs:

  attempts      tasks pushed; acknowledged: those of them whose push was answered
  lost          acknowledged, never answered
  unexpected    answered, never pushed; or no reply at all
  duplicated    answered more often than pushed
  recovered     answered, though their push was not acknowledged
  unrun         answered ok by a task --handler, and no handler has seen them
  overlapped    began while another of the same key was at work
  errors        answered by an error whose code is not allowed
  reruns        ran more often than pushed, which is no defect

and some ids of each defect. Status 0: nothing lost, unexpected, duplicated, unrun, overlapped or in error; 1: a
defect; 2: a file that cannot be understood.
"""
import argparse, collections, json, os, sys

DEFECTS = 'lost', 'unexpected', 'duplicated', 'unrun', 'overlapped', 'errors'


def lines(directory, name):
    path = os.path.join(directory, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        text = file.read()
    if text and not text.endswith('\n'):
        refuse('%s: its last line is cut off' % name)
    return text.split('\n')[:-1]


def refuse(why):
    print('ledger_check: ' + why, file=sys.stderr)
    sys.exit(2)


def pushed(directory, name):
    ids = lines(directory, name)
    if '' in ids:
        refuse('%s: line %d is empty' % (name, ids.index('') + 1))
    return collections.Counter(ids)


def read_reply(line):
    """(id, task, error code or None), or None for what is no reply."""
    try:
        reply = json.loads(line)
        error = None if reply['status'] == 'ok' else reply['error']['code']
        return str(reply['id']), reply.get('task'), error
    except (ValueError, KeyError, TypeError):
        return None


def read_ran(directory, found):
    """How often each id began; overlaps of keys are found on the way."""
    begun, holder = collections.Counter(), {}
    for number, line in enumerate(lines(directory, 'ran'), 1):
        words = line.split(' ')
        if len(words) == 1 and words[0]:
            begun[words[0]] += 1
        elif len(words) == 3 and words[2] == 'begin':
            begun[words[0]] += 1
            if holder.setdefault(words[1], words[0]) != words[0]:
                found['overlapped'].append(words[0])
        elif len(words) == 3 and words[2] == 'end':
            if holder.get(words[1]) == words[0]:
                del holder[words[1]]
        else:
            refuse('ran: line %d is "%s"' % (number, line))
    return begun


def check(directory, handlers, allowed):
    found = collections.defaultdict(list)
    acknowledged, unknown = pushed(directory, 'acknowledged'), pushed(directory, 'unknown')
    attempts, answered = acknowledged + unknown, collections.Counter()
    begun = read_ran(directory, found)
    for line in lines(directory, 'answered'):
        reply = read_reply(line)
        if not reply:
            found['unexpected'].append(line[:60])
            continue
        name, task, error = reply
        answered[name] += 1
        if error is not None and error not in allowed:
            found['errors'].append('%s (%s)' % (name, error))
        elif error is None and task in handlers and not begun[name]:
            found['unrun'].append(name)
    for name, count in answered.items():
        more = 'duplicated' if name in attempts else 'unexpected'
        found[more] += [name] * (count - attempts[name])
    for name, count in acknowledged.items():
        found['lost'] += [name] * (count - answered[name])
    numbers = {
        'attempts': sum(attempts.values()),
        'acknowledged': sum(acknowledged.values()),
        'recovered': sum(max(0, min(answered[n], attempts[n]) - acknowledged[n]) for n in unknown),
        'reruns': sum(max(0, count - attempts[n]) for n, count in begun.items()),
        **{name: len(found[name]) for name in DEFECTS},
    }
    order = 'attempts', 'acknowledged', 'lost', 'unexpected', 'duplicated', 'recovered', 'unrun', 'overlapped', \
        'errors', 'reruns'
    print(', '.join('%s %d' % (name, numbers[name]) for name in order))
    for name in DEFECTS:
        if found[name]:
            print('%s: %s' % (name, ' '.join(found[name][:8]) + (' ...' if len(found[name]) > 8 else '')))
    return any(found[name] for name in DEFECTS)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('directory')
    parser.add_argument('--handler', action='append', default=[])
    parser.add_argument('--allow', default='')
    options = parser.parse_args()
    sys.exit(check(options.directory, options.handler, options.allow.split(',')))
