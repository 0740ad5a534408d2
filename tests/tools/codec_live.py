#!/usr/bin/python3
"""Holds the codecs against python3 itself: pickle and json both ways over generated values, pickles with
flipped bytes, plist and XML-RPC, yaml where its module is; and against php where that is installed.

  codec_live.py CONVERT [SEED [COUNT]]      CONVERT: the program that tests/tools/codec_convert.c makes
"""
import base64, io, json, pickle, plistlib, random, shutil, subprocess, sys, xmlrpc.client

convert = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
rand = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
failures = checks = 0


def cherry(source, target, data, options='-'):
    convert.stdin.write(('%s %s %s ' % (source, target, options)).encode() + base64.b64encode(data) + b'\n')
    convert.stdin.flush()
    word, _, rest = convert.stdout.readline().rstrip(b'\n').partition(b' ')
    return (base64.b64decode(rest), None) if word == b'ok' else (None, word.decode() + ' ' + rest.decode('utf-8', 'replace'))


def check(good, *what):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        if failures < 20:
            print('FAIL', *[str(w)[:160] for w in what])


def text():
    n = rand.choice([0, 1, 1, 2, 3, 8, 20, 255, 256, 300])
    kind = rand.random()
    pool = 'abcXYZ 019\n\r\t\\"\'<&>' if kind < .6 else '\0\x1a\x7f\x80\xe9\xff\u0100\u20ac\ufeff\U0001f352'
    return ''.join(rand.choice(pool) for _ in range(n))


def number():
    k = rand.random()
    if k < .5:
        return rand.choice([0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**63, -2**63, 2**64, -2**64]) + rand.choice([0, 0, 1, -1])
    if k < .7:
        return rand.getrandbits(rand.choice([8, 16, 31, 32, 63, 64, 65, 200, 2039, 2040, 2041, 2048])) * rand.choice([1, -1])
    if k < .8:
        return rand.choice([0.0, -0.0, 1.0, 0.1, 1e16, 1e22, 1e-5, 5e-324, 1.7976931348623157e308])
    return rand.choice([rand.random(), rand.gauss(0, 1e6), rand.uniform(-1, 1) * 10.0 ** rand.randint(-300, 300), float(rand.randint(0, 10**6))])


def value(depth, rich):
    k = rand.random()
    if depth <= 0 or k < .35:
        c = rand.random()
        if rich and c < .15: return bytes(rand.getrandbits(8) for _ in range(rand.choice([0, 1, 2, 255, 256])))
        if rich and c < .2: return bytearray(rand.getrandbits(8) for _ in range(rand.choice([0, 1, 5, 300])))
        return text() if c < .5 else number() if c < .85 else rand.choice([None, True, False])
    n = rand.choice([0, 1, 1, 2, 3, 4, 7])
    if k < .6: return [value(depth - 1, rich) for _ in range(n)]
    if rich and k < .7: return tuple(value(depth - 1, rich) for _ in range(n))
    if rich and k < .73: return set(range(n))
    if rich and k < .76: return frozenset(range(n))
    if rich and k < .8:
        shared = value(depth - 1, rich)
        return [shared, shared, {'k': shared}]
    if rich and k < .84: return {rand.choice([1, None, True, 2.5, b'k', (1, 'x'), 'k', -7]): value(depth - 1, rich) for _ in range(n)}
    return {text() or 'k': value(depth - 1, rich) for _ in range(n)}


def same(a, b):
    return repr(a) == repr(b)


def sizes():
    """Values at the edges of batches and frames."""
    for n in (1, 2, 999, 1000, 1001, 1999, 2000, 2001, 3000):
        yield list(range(n))
        yield {str(i): i for i in range(n)}
        yield ['%d' % i for i in range(n)]
        yield set(range(n))
        yield frozenset(range(n))
        yield tuple(range(n))
    for n in (65500, 65525, 65526, 65527, 65528, 65529, 65530, 65531, 65532, 65533, 65534, 65535, 65536, 65537, 131072):
        yield 'x' * n
        yield ['y' * n, 'z', b'q' * n, 'end']
        yield bytearray(n)
        yield [0.5] * (n // 9) + ['x' * (n % 9)] + [1] * 5
    deep = []
    for _ in range(300): deep = [deep, {'k': (deep,)} if rand.random() < 0 else 1]
    yield deep
    loop = []; loop.append(loop); yield loop
    loop = {}; loop['self'] = [loop]; yield loop
    for n in (1, 2, 3, 4):
        inner = []; t = (inner,) + (0,) * (n - 1); inner.append(t); yield t


def check_pickle(v):
    for p in range(6):
        data = pickle.dumps(v, p)
        again = pickle.loads(data)
        for q in (p, rand.randint(0, 5)):
            got, error = cherry('pickle', 'pickle%d' % q, data)
            want = pickle.dumps(again, q)
            check(got == want, 'pickle', p, 'to', q, error, got, want)


def check_json(v):
    for s in (json.dumps(v), json.dumps(v, ensure_ascii=False, separators=(',', ':'))):
        try: raw = s.encode()
        except UnicodeEncodeError: continue
        again = json.loads(s)
        for p in range(6):
            got, error = cherry('json', 'pickle%d' % p, raw)
            check(got == pickle.dumps(again, p), 'json to pickle', p, error, s, got)
        got, error = cherry('json', 'json.python', raw)
        check(got == json.dumps(again).encode(), 'json', error, s, got)
        got, error = cherry('json', 'json.python', raw, 's')
        check(got == json.dumps(again, sort_keys=True).encode(), 'sorted json', error, s, got)
        got, error = cherry('pickle', 'json.python', pickle.dumps(again, rand.randint(0, 5)))
        check(got == json.dumps(again).encode(), 'pickle to json', error, s, got)
        for middle in ('msgpack', 'cbor', 'php', 'bencode', 'yaml', 'plist', 'xmlrpc'):
            there, error = cherry('json', middle, raw)
            if there is None: continue
            back, error = cherry(middle, 'json.python', there)
            if middle in ('bencode',):
                check(error is None and json.loads(back) == again, middle, error, s)
            else:
                check(back == json.dumps(again).encode(), 'through', middle, error, s, there, back)


class Data(pickle.Unpickler):
    names = {(m, n) for m in ('builtins', '__builtin__') for n in ('set', 'frozenset', 'bytes', 'bytearray')} | {('_codecs', 'encode')}

    def find_class(self, module, name):
        if (module, name) not in self.names: raise pickle.UnpicklingError('forbidden')
        return super().find_class(module, name)

    def persistent_load(self, pid): raise pickle.UnpicklingError('forbidden')


def is_data(v, seen=()):
    if id(v) in seen: return True
    if isinstance(v, (list, tuple, set, frozenset)): return all(is_data(i, seen + (id(v),)) for i in v)
    if isinstance(v, dict): return all(is_data(i, seen + (id(v),)) for p in v.items() for i in p)
    return v is None or type(v) in (bool, int, float, str, bytes, bytearray)


def check_flipped(v):
    """What the C reader takes is read alike or refused; what it refuses is never a value, but for a frame that
    it does not watch and text of Python 2."""
    data = bytearray(pickle.dumps(v, rand.randint(0, 5)))
    for _ in range(30):
        bad = bytearray(data)
        for _ in range(rand.choice([1, 1, 2])):
            bad[rand.randrange(len(bad))] = rand.choice([rand.getrandbits(8), rand.choice(b'(.012FIJKLMNRSTUVXabcdeghijlopqrstu]})GBC')])
        try:
            want, fault = Data(io.BytesIO(bytes(bad))).load(), None
            if not is_data(want): want, fault = None, 'no data'
        except RecursionError: continue
        except Exception as e: want, fault = None, repr(e)
        got, error = cherry('pickle', 'pickle4', bytes(bad))
        if got is not None and fault is None:
            check(same(pickle.loads(got), want), 'flipped', bytes(bad), want)
        elif got is not None:
            check('ascii' in fault or 'UnicodeDecodeError' in fault or 'surrogate' in fault or 'int string' in fault or 'MemoryError' in fault, 'flipped is a value', bytes(bad), fault, pickle.loads(got))
        elif fault is None:
            check(error.split()[0] in ('trailing', 'unsafe', 'syntax', 'encoding', 'range', 'truncated'), 'flipped is refused', bytes(bad), error, want)


def check_optional(v):
    try: want = plistlib.dumps(v, sort_keys=False)
    except Exception: want = None
    got, error = cherry('pickle', 'plist', pickle.dumps(v, 4))
    if want is not None and error is None and b'&#13;' not in got:
        check(got == want, 'plist', error, got, want)
    if got is not None:
        check(error is None and same(plistlib.loads(got), json_like(v)), 'plist back', v, got)
        back, error = cherry('plist', 'pickle4', got)
        check(back and same(pickle.loads(back), json_like(v)), 'plist read', error, got)
    try: want = xmlrpc.client.dumps((v,), allow_none=True).encode()
    except Exception: want = None
    got, error = cherry('pickle', 'xmlrpc', pickle.dumps(v, 4))
    if got is not None and b'&#13;' not in got:
        check(got == want, 'xmlrpc', got, want)
    try: import yaml
    except ImportError: return
    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data): return True
    got, error = cherry('pickle', 'yaml', pickle.dumps(v, 4))
    try: want = yaml.dump(v, Dumper=Plain, allow_unicode=True, sort_keys=False).encode()
    except Exception: want = None
    if got is not None and want is not None:
        check(got == want, 'yaml', repr(v), got, want)
        back, error = cherry('yaml', 'pickle4', got)
        check(back and same(pickle.loads(back), json_like(v)), 'yaml read', error, repr(v), got, back and pickle.loads(back))


def json_like(v):
    if isinstance(v, (list, tuple)): return [json_like(i) for i in v]
    if isinstance(v, dict): return {k: json_like(i) for k, i in v.items()}
    return bytes(v) if isinstance(v, bytearray) else v


PHP = r'''
ini_set('serialize_precision', '-1'); ini_set('memory_limit', '512M');
while (($line = fgets(STDIN)) !== false) {
    [$what, $data] = explode(' ', trim($line)) + [1 => ''];
    $data = base64_decode($data);
    if ($what === 'json') $out = serialize(json_decode($data, true, 4096, JSON_BIGINT_AS_STRING));
    else { $v = @unserialize($data, ['allowed_classes' => false]); $out = $v === false && $data !== 'b:0;' ? '' : serialize($v); }
    echo base64_encode($out), "\n"; flush();
}
'''
php = subprocess.Popen(['php', '-n', '-r', PHP], stdin=subprocess.PIPE, stdout=subprocess.PIPE) if shutil.which('php') else None


def ask_php(what, data):
    php.stdin.write(what.encode() + b' ' + base64.b64encode(data) + b'\n')
    php.stdin.flush()
    return base64.b64decode(php.stdout.readline())


def has_big(v):
    if isinstance(v, (list, tuple)): return any(map(has_big, v))
    if isinstance(v, dict): return any(map(has_big, v.values())) or any(php_int(k) for k in v)
    return isinstance(v, int) and not -2**63 <= v < 2**63


def php_int(k):
    return k.lstrip('-').isdigit()


def check_php(v):
    """What PHP makes of the same JSON is what comes out here, byte for byte; and PHP reads what was written."""
    if php is None or has_big(v): return
    raw = json.dumps(v).encode()
    got, error = cherry('json', 'php', raw, 'l')
    want = ask_php('json', raw)
    check(got == want, 'php', error, raw, got, want)
    check(got and ask_php('php', got) == got, 'php reads', raw, got)
    # flipped bytes: where both take them, they take them for the same
    for _ in range(10):
        bad = bytearray(want)
        bad[rand.randrange(len(bad))] = rand.choice([rand.getrandbits(8), rand.choice(b'0123456789:;{}\"aisbdNRSOCE-+.')])
        got, error = cherry('php', 'php', bytes(bad), 'l')
        if got is None: continue
        there = ask_php('php', bytes(bad))
        check(there == got or there == b'' and b'd:inf' in bad.lower() or b'R:' in there, 'php flipped', bytes(bad), got, there)


for v in sizes(): check_pickle(v)
for i in range(int(sys.argv[3]) if len(sys.argv) > 3 else 300):
    v = value(4, True)
    check_pickle(v)
    check_flipped(v)
    check_optional(v)
    check_json(value(4, False))
    check_php(value(4, False))
print('%d checks, %d failures' % (checks, failures))
sys.exit(failures != 0)
