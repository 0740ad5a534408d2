"""Promises about serialize, with Python's own formats as the other side."""
import base64
import hashlib
import hmac
import json
import pickle
import plistlib
import xmlrpc.client

from contract_rig import ask, b64, check, code_of, promise, same

FORMATS = ("json pickle php itsdangerous msgpack cbor bencode yaml plist xmlrpc").split()
SIGNER = {"secret_key": "key"}
PLAIN = {"a": [1, 2, "x", []], "b": {"c": "d"}, "é": "ü\U0001f600"}
RICH = {"t": True, "f": [1.5, -0.25, False], "n": 7}


def serialize(_seconds=20, **args):
    return ask({"task": "serialize", "args": args}, seconds=_seconds)


def signed(fmt):
    return {"signer": SIGNER} if fmt == "itsdangerous" else {}


def bytes_of(answer):
    check(answer["status"] == "ok", str(answer)[:400])
    result = answer["result"]
    check(("output" in result) != ("output_base64" in result), result)
    out = result["output"].encode() if "output" in result else base64.b64decode(result["output_base64"])
    same(result["bytes"], len(out), "bytes")
    return out


def encode(value, to, **more):
    return bytes_of(serialize(value=value, to=to, **signed(to), **more))


def decode(data, source, **more):
    answer = serialize(input_base64=b64(data), to="value", **{"from": source}, **signed(source), **more)
    check(answer["status"] == "ok", source, str(answer)[:400])
    return answer["result"]["value"]


def convert(data, source, to):
    more = {}
    if source == to == "itsdangerous":
        more = {"from_signer": SIGNER, "to_signer": dict(SIGNER, salt="other")}
    elif "itsdangerous" in (source, to):
        more = {"signer": SIGNER}
    return bytes_of(serialize(input_base64=b64(data), to=to, **{"from": source}, **more))


@promise("serialize: every format to every other and back is the same value")
def pairs():
    for value, formats in ((PLAIN, FORMATS), (RICH, [f for f in FORMATS if f != "bencode"])):
        made = {f: encode(value, f) for f in formats}
        for source in formats:
            same(decode(made[source], source), value, source)
            for to in formats:
                out = convert(made[source], source, to)
                if source == to == "itsdangerous":
                    continue
                same(decode(out, to), value, source + " to " + to)


@promise("serialize: Python reads what is written: json, pickle, plist, xmlrpc")
def python_reads():
    value = {"a": [1, -2, 2 ** 70, 0.1, 1e300, None, True, "é\U0001f600", {}], "b": {"": []}}
    for protocol in range(6):
        out = encode(value, "pickle", protocol=protocol)
        same(pickle.loads(out), value, "protocol %d" % protocol)
    check(encode(value, "pickle") == encode(value, "pickle", protocol=0), "the default protocol is 0")
    same(json.loads(encode(value, "json")), value)
    same(encode(value, "json", style="python", ascii=True), json.dumps(value).encode())
    same(encode(value, "json"), json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    same(encode({"b": 1, "a": {"d": 1, "c": 2}}, "json", sort_keys=True), b'{"a":{"c":2,"d":1},"b":1}')
    plain = {"a": [1, 2.5, True, "é"]}
    same(plistlib.loads(encode(plain, "plist")), plain)
    same(xmlrpc.client.loads(encode(plain, "xmlrpc"))[0][0], plain)


@promise("serialize: what Python writes is read: every pickle protocol, plist, xmlrpc; auto guesses")
def python_writes():
    value = {"a": [1, -2, 2 ** 70, 0.1, None, True, "é"], "b": {"c": []}}
    for protocol in range(6):
        same(decode(pickle.dumps(value, protocol), "pickle"), value)
    plain = {"a": [1, 2.5, True, "é"]}
    for fmt in plistlib.FMT_XML,:
        same(decode(plistlib.dumps(plain, fmt=fmt), "plist"), plain)
    same(decode(xmlrpc.client.dumps((plain,)).encode(), "xmlrpc"), plain)
    for data in (json.dumps(plain).encode(), pickle.dumps(plain, 2), pickle.dumps(plain, 5),
                 plistlib.dumps(plain), b'a:1:{s:1:"a";a:4:{i:0;i:1;i:1;d:2.5;i:2;b:1;i:3;s:2:"\xc3\xa9";}}'):
        same(decode(data, "auto"), plain, repr(data[:20]))


@promise("serialize: value is read exactly: 2^63, 10^30, 0.1, 1e22, -0.0")
def exact():
    for text in ("9223372036854775808", "1" + "0" * 30, "-" + "9" * 40, "0.1", "1e22", "-0.0", "1.5",
                 "123456789012345680.5", "[1,1.0]", '"\\u0000"'):
        for fmt in "pickle", "json":
            got = ask('{"task":"serialize","args":{"value":%s,"to":"%s"},"reply_to":"$R"}' % (text, fmt))
            data = bytes_of(got)
            value = pickle.loads(data) if fmt == "pickle" else json.loads(data)
            same(repr(value), repr(json.loads(text)), fmt + " of " + text)


def token(value, key, salt=b"itsdangerous", when=None):
    """itsdangerous' URLSafe(Timed)Serializer by hand."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    text = part(json.dumps(value, separators=(",", ":")).encode())
    if when is not None:
        text += b"." + part(when.to_bytes(4, "big"))
    derived = hashlib.sha1(salt + b"signer" + key).digest()
    return text + b"." + part(hmac.new(derived, text, hashlib.sha1).digest())


@promise("serialize: itsdangerous tokens are itsdangerous'; time, age, rotation, salt")
def tokens():
    same(encode({"a": 1}, "itsdangerous"), token({"a": 1}, b"key"))
    made = token({"a": 1}, b"old", b"s", 1700000000).decode()
    signer = {"secret_key": ["old", "new"], "salt": "s", "class": "URLSafeTimedSerializer"}

    def read(**more):
        return serialize(input=made, to="value", signer=dict(signer, **more), **{"from": "itsdangerous"})

    got = read()
    same([got["result"]["value"], int(got["result"]["timestamp"])], [{"a": 1}, 1700000000])
    same(code_of(read(max_age=10, now=1700000005)), "ok")
    for more, reason in (({"max_age": 10, "now": 1700000011}, "expired"), ({"secret_key": "new"}, "signature"),
                         ({"salt": "t"}, "signature"), ({"digest": "sha256"}, "signature")):
        got = read(**more)
        same([code_of(got), got["error"]["reason"]], ["bad_input", reason])
    got = serialize(value={"a": 1}, to="itsdangerous", signer=dict(signer, now=1700000000, secret_key="old"))
    same(bytes_of(got).decode(), made)


@promise("serialize: bad_args names the field")
def bad_args():
    good = {"value": 1, "to": "json"}
    for args, field in (({"value": 1}, "to"), ({"to": "json"}, None), (dict(good, to="xml"), "to"),
                        (dict(good, to=None), "to"), (dict(good, to=1), "to"), (dict(good, zzz=1), "zzz"),
                        (dict(good, input="1"), None), (dict(good, lossy=1), "lossy"),
                        (dict(good, lossy=None), "lossy"), (dict(good, style="x"), "style"),
                        (dict(good, ascii="yes"), "ascii"), (dict(good, to="pickle", protocol=6), "protocol"),
                        (dict(good, to="pickle", protocol=-1), "protocol"),
                        (dict(good, to="pickle", protocol="2"), "protocol"),
                        (dict(good, to="pickle", protocol=1.5), "protocol"),
                        (dict(good, max_depth=-1), "max_depth"), ({"input": 1, "to": "json"}, "input"),
                        ({"input": "1", "from": "x", "to": "json"}, "from"),
                        (dict(good, to="cbor", deterministic=0), "deterministic"),
                        (dict(good, sort_keys=[]), "sort_keys")):
        got = serialize(**args)
        same(code_of(got), "bad_args", str(args))
        if field:
            same(got["error"]["field"], "args." + field, str(args))
        check(got["error"].get("field", "").startswith("args") or not field, got)


@promise("serialize: a signer that is misconfigured is bad_args, reason config where it is the signer's")
def bad_signers():
    for signer in (None, {}, 1, "key", [], {"secret": "none"}, {"secret_key": 1}, {"secret_key": []},
                   {"secret_key": "a", "class": "X"}, {"secret_key": "a", "zzz": 1},
                   {"secret_key": "a", "digest": "x"}, {"secret_key": "a", "key_derivation": "x"},
                   {"secret_key": "a", "sep": "a"}, {"secret_key": "a", "max_age": "x"},
                   {"secret_key": "a", "serializer": "x"}, {"secret_key": "a", "secret": "b"}):
        got = serialize(value=1, to="itsdangerous", **({"signer": signer} if signer is not None else {}))
        same(code_of(got), "bad_args", str(signer))
    got = serialize(value=1, to="itsdangerous", signer={"secret_key": "a", "sep": "a"})
    same(got["error"].get("reason"), "config", str(got))


@promise("serialize: what a format cannot hold is unsupported with its path, and converted when lossy")
def losses():
    for value, to, reason in (({"a": [None]}, "bencode", "type"), ({"a": [{"b": 1.5}]}, "bencode", "type"),
                              ({"a": [None]}, "plist", "type"), ({"a": {"b": 2 ** 64}}, "msgpack", "range"),
                              ({"a": [2 ** 63]}, "php", "range"), ({"a": [{"b": 2 ** 31}]}, "xmlrpc", "range")):
        got = serialize(value=value, to=to)
        same([code_of(got), got["error"]["reason"]], ["unsupported", reason], to)
        check("$.a" in got["error"]["message"], got)
    for value, out in ({1: "x"}, b'{"1":"x"}'), ({"k": b"\xff"}, b'{"k":"/w=="}'), ({True: 1}, b'{"true":1}'):
        data = {"input_base64": b64(pickle.dumps(value, 2 if out[2:3] == b"1" else 4)), "from": "pickle", "to": "json"}
        same(code_of(serialize(**data)), "unsupported", str(value))
        same(bytes_of(serialize(lossy=True, **data)), out)


@promise("serialize: malformed input is bad_input with its reason, and the offset where known")
def malformed():
    for source, data, reasons in (
            ("json", b"[1,", "truncated"), ("json", b"[1]x", "trailing"), ("json", b"{a}", "syntax"),
            ("json", b'"\xff"', "encoding"), ("pickle", b"\x80\x02", "truncated"),
            ("pickle", b"cos\nsystem\n(S'id'\ntR.", "unsafe"), ("pickle", b"", "truncated"),
            ("php", b"i:1", "truncated"), ("php", b'O:1:"A":0:{}', "unsafe"), ("php", b"i:1;x", "trailing"),
            ("msgpack", b"\x92\x01", "truncated"), ("msgpack", b"\xc1", "syntax"),
            ("msgpack", b"\x01\x01", "trailing"), ("cbor", b"\x82\x01", "truncated"),
            ("bencode", b"l", "truncated"), ("bencode", b"i01e", "syntax"), ("yaml", b"[", None),
            ("plist", b"<plist>", None), ("xmlrpc", b"<x/>", None), ("auto", b"\x00\x01\x02<<", None)):
        got = serialize(input_base64=b64(data), to="value", **{"from": source})
        same(code_of(got), "bad_input", "%s %r" % (source, data))
        if reasons:
            same(got["error"]["reason"], reasons, "%s %r" % (source, data))
        check("reason" in got["error"], source, got)


@promise("serialize: depth 100 works, more than max_depth is limit or bad_input of reason depth")
def deep():
    for fmt in "json", "pickle", "msgpack", "cbor", "php", "bencode", "yaml":
        value = []
        for _ in range(99):
            value = [value]
        same(decode(encode(value, fmt), fmt), value, fmt)
        value = []
        for _ in range(20):
            value = [value]
        got = serialize(value=value, to=fmt, max_depth=10)
        same([code_of(got) in ("limit", "bad_input"), got["error"].get("reason")], [True, "depth"], str(got)[:300])


@promise("serialize: bytes that are not UTF-8 come as output_base64, text as output; to value as JSON")
def outputs():
    got = serialize(value=[1], to="msgpack")["result"]
    same(got, {"output_base64": b64(b"\x91\x01"), "bytes": 2})
    same(serialize(value=[1], to="php")["result"], {"output": "a:1:{i:0;i:1;}", "bytes": 14})
    got = serialize(input="[1]", to="value")["result"]
    same(got["value"], [1])
