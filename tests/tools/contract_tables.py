"""The contract as rows: a sentence, a task as it is pushed ($R is its reply
key), and what the reply must be: a code ("ok", "bad_task"), after a blank the
error's field, or a table of paths and values; None: nobody can be told, so the
dead stream must hold that code."""
import base64
import json

HUGE = "123456789012345678901234567890"
DEEP = "[" * 400 + "]" * 400


def b64(data):
    return base64.b64encode(data).decode()


def types(member, wrong, what):
    """A row for each value of a wrong type."""
    return [("%s: %s is bad_task that names it" % (member, value[:20]),
             '{"task":"echo","%s":%s,"reply_to":"$R"}' % (member, value),
             "bad_task " + member) for value in wrong]


def fine(member, values):
    return [("%s: %s is taken" % (member, value[:20]),
             '{"task":"echo","%s":%s,"reply_to":"$R"}' % (member, value), "ok")
            for value in values]


def members():
    scalars = ["null", "true", "false", "[]", "{}"]
    rows = []
    rows += [("task: %s is bad_task that names it" % value,
              '{"task":%s,"reply_to":"$R"}' % value, "bad_task task")
             for value in scalars + ["1", "1.5", '["echo"]']]
    rows += types("args", ["null", "true", "1", '"x"', "[]", "[{}]"], "object")
    rows += types("id", scalars, "text or number")
    rows += types("timeout", scalars + ['"1"', "-1", "-0.001", "1e999", "0"], "")
    rows += types("retries", scalars + ['"1"', "-1", "1.5", "1e999", HUGE], "")
    rows += types("reply_ttl", scalars + ['"60"', "-1", "0", "0.5", "1.5", "1e999",
                                          HUGE], "")
    for time in "delay", "not_before", "sent_at", "expires":
        rows += types(time, scalars + ['"1"', "-1", "-0.5", "1e999", "-1e999"], "")
    rows += types("unique", scalars + ["1"], "text")
    rows += types("inputs", ["null", "true", "1", '"x"', "[]"], "object")
    rows += types("outputs", ["null", "true", "1", '"x"', "[]"], "object")
    rows += fine("args", ["{}", ' { } ', '{"null":null}'])
    rows += fine("timeout", ["0.5", "30", "3e2", "300", "1E1"])
    rows += fine("retries", ["0", "1", "10", "-0"])
    rows += fine("reply_ttl", ["1", "60", "604800"])
    rows += fine("delay", ["0", "0.0", "1e-3", "0.01"])
    rows += fine("not_before", ["0", "1.5", "1700000000.25"])
    rows += fine("expires", ["4000000000", "4000000000.5"])
    rows += fine("sent_at", ["0", "1700000000", "1700000000.123", "4e9"])
    rows += fine("context", ["null", "true", "1", '"x"', "[]", "{}", "[null]"])
    return rows


def unknown():
    def row(what, text, expected):
        return (what, '{"task":"echo",%s,"reply_to":"$R"}' % text, expected)

    rows = [row("a member %s that is not listed is bad_task that names it" % name,
                '"%s":1' % name, "bad_task " + name)
            for name in ("arg", "Task", "queue", "priority", "x", "X_a", "reply-to",
                         "_x", "result", "é", "a b")]
    rows.append(row("a member without a name is bad_task, with a field", '"":1',
                    {"error.code": "bad_task", "error.field": '""'}))
    rows += [row("a member that begins with x_ is ignored: " + text[:20], text, "ok")
             for text in ('"x_":1', '"x_a":null', '"x_a":{"task":[1]}',
                          '"x_id":"2","x_b":[' + "1," * 500 + "1]")]
    rows += [row("a member given twice is bad_task: " + name,
                 '"%s":%s,"%s":%s' % (name, one, name, two), "bad_task " + name)
             for name, one, two in (
                 ("id", "1", "1"), ("args", "{}", "{}"), ("timeout", "1", "2"),
                 ("unique", '"a"', '"b"'), ("context", "1", "2"),
                 ("x_a", "1", "2"), ("inputs", "{}", "{}"),
                 ("outputs", "{}", "{}"), ("retries", "1", "1"))]
    rows += [
        row("a member given twice is bad_task: task", '"task":"echo"', "bad_task task"),
        row("twice is twice when one is written with escapes",
            '"id":1,"\\u0069d":2', "bad_task id"),
        row("a name may be written with escapes", '"\\u0069d":"n"',
            {"status": "ok", "id": "n"}),
        row("an argument given twice is bad_args", '"args":{"a":1,"a":2}', "bad_args"),
        row("an argument given twice deep inside is bad_args",
            '"args":{"a":[{"b":1,"b":2}]}', "bad_args"),
        row("null is a value inside args", '"args":{"a":null}',
            {"status": "ok", "result": {"a": None}}),
    ]
    rows += [
        ("task is required", '{"reply_to":"$R"}', "bad_task task"),
        ("task: an unknown name is unknown_task",
         '{"task":"nope","reply_to":"$R"}', "unknown_task"),
        ("task: names are compared byte for byte",
         '{"task":"Echo","reply_to":"$R"}', "unknown_task"),
        ("task: a long name is unknown_task",
         '{"task":"%s","reply_to":"$R"}' % ("n" * 100000), "unknown_task"),
        ("task: an empty name is an error",
         '{"task":"","reply_to":"$R"}', {"status": "error"}),
        ("timeout: more than the ceiling is an error that names it",
         '{"task":"echo","timeout":300.5,"reply_to":"$R"}',
         {"error.code": "bad_task", "error.field": "timeout", "error.message": "*300*"}),
        ("timeout: the ceiling is the task's own",
         '{"task":"cat","timeout":21,"reply_to":"$R"}',
         {"error.code": "bad_task", "error.field": "timeout", "error.message": "*20*"}),
        ("reply_ttl: more than the ceiling is an error",
         '{"task":"echo","reply_ttl":604801,"reply_to":"$R"}', "bad_task reply_ttl"),
        ("blanks around an element are JSON's", ' \t\r\n{"task" : "echo" , "reply_to" : "$R"}\n ', "ok"),
    ]
    return rows


def not_json():
    texts = [b"", b"x", b"[]", b"[1]", b"1", b"null", b"true", b'"text"', b"{",
             b'{"task":"echo"', b'{"task":"echo"}x', b'{"task":"echo"}{}',
             b"{'task':'echo'}", b'{"task":"echo",}', b'{task:"echo"}',
             b'\xef\xbb\xbf{"task":"echo"}', b'{"task":"echo","id":01}',
             b'{"task":"echo","id":"\x01"}', b'{"task":"echo","id":"\\x"}',
             b'{"task":"echo","id":NaN}', b'{"task":"echo","id":+1}',
             b'{"task":"echo"} // x', b'{"task":"echo","x_":"\xff"}',
             b'{"task":"echo","x_":"\xc0\x80"}', b'{"task":"echo","x_":"\xed\xa0\x80"}',
             b'{"task":"echo","x_":"\xf4\x90\x80\x80"}', b'{"task":"echo"}\x00',
             b"\x00", b"\xff\xfe{\x00}\x00", b"<task/>"]
    rows = [("no JSON object, not UTF-8: %r" % text[:34], text, None)
            for text in texts]
    deep = b"[" * 512 + b"]" * 512
    rows += [("nests deeper than 512", b'{"task":"echo","x_":' + deep + b"}", None),
             ("nests deeper than 512, in args",
              b'{"task":"echo","args":{"a":' + deep + b"}}", None),
             ("nests very much deeper than 512",
              b'{"task":"echo","args":{"a":' + b"[" * 100000 + b"}}", None)]
    rows += [("its reply_to is not guessed: %r" % text[:30], text, None)
             for text in (b'{"reply_to":"guessed","task":"echo"',
                          b'{"reply_to":"guessed","task":"echo"}]',
                          b'{"reply_to":"guessed","x_":"\xff"}',
                          b'{"reply_to":"guessed","x_":' + deep + b"}")]
    return rows


def depth():
    inner = "[" * 511 + "]" * 511
    return [("512 levels are allowed",
             '{"task":"echo","x_":%s,"reply_to":"$R"}' % inner, "ok"),
            ("512 levels are allowed in context",
             '{"task":"echo","context":%s,"reply_to":"$R"}' % inner, "ok"),
            ("512 levels are allowed in args",
             '{"task":"echo","args":{"a":%s},"reply_to":"$R"}' % inner[1:-1], "ok"),
            ("600 members of x_ are allowed", '{"task":"echo",%s,"reply_to":"$R"}' %
             ",".join('"x_%d":%d' % (i, i) for i in range(600)), "ok")]


def raw_ids():
    """Texts of an id, to come back byte for byte."""
    return ['"a"', '""', '"\\u0061"', '"a\\/b"', '"\\ud83d\\ude00"', '"\U0001f600"',
            '"\\u00e9\\n\\t\\"\\\\"', '"é"', '"\\u0000"', '" "', '"%s"' % ("i" * 10000),
            "0", "-0", "-1", HUGE, "-" + HUGE, "1.50", "1E5", "1e-7", "0.1",
            "1.0e+10", "1e999", "9007199254740993", '"\u2028"', '"7"', "7",
            "0.000000000000000000000000000000001"]


def raw_contexts():
    return ["null", "true", "false", "0", "-0.0", HUGE, "1e999", '"\\u0041"', "[]",
            '[1,2 , 3]', '{"a":{"b":null},"a":1}', '{ "k" : "\\/" }',
            '"%s"' % ("c" * 20000)]


def inputs():
    def row(what, inputs, expected, task="cat", more=""):
        return (what, '{"task":"%s","inputs":%s%s,"reply_to":"$R"}' %
                (task, inputs, more), expected)

    def gives(text):
        return {"status": "ok", "result.output": text}

    return [
        row("inputs: base64 is a byte string", '{"input":{"base64":"aGk="}}', gives("hi")),
        row("inputs: an empty byte string", '{"input":{"base64":""}}', gives("")),
        row("inputs: a key is the bytes of a string", '{"input":{"key":"in:text"}}', gives("text")),
        row("inputs: an escaped key", '{"input":{"key":"in:\\u00e9\\ud83d\\ude00\\/"}}', gives("odd")),
        row("inputs: an empty string is there", '{"input":{"key":"in:empty"}}', gives("")),
        row("inputs: bytes that are no text come as output_base64",
            '{"input":{"key":"in:binary"}}',
            {"status": "ok", "result.output_base64": b64(b"\x00\xff\xfe")}),
        row("inputs: a key that is not there is not_found", '{"input":{"key":"in:none"}}', "not_found"),
        row("inputs: a key of another type is an error", '{"input":{"key":"in:list"}}', {"status": "error"}),
        row("inputs: a key of cherry's is refused", '{"input":{"key":"cherry:x"}}', "refused"),
        row("inputs: a queue is refused", '{"input":{"key":"tasks"}}', "refused"),
        row("inputs: another queue of this worker is refused", '{"input":{"key":"raw"}}', "refused"),
        row("inputs: a file below the root", '{"input":{"file":"a.txt"}}', gives("file a")),
        row("inputs: a file in a folder", '{"input":{"file":"sub/b.txt"}}', gives("file b")),
        row("inputs: a file that is not there is not_found", '{"input":{"file":"none"}}', "not_found"),
        row("inputs: in a folder that is not there", '{"input":{"file":"no/ne"}}', "not_found"),
        row("inputs: an absolute path is refused", '{"input":{"file":"/etc/passwd"}}', "refused"),
        row("inputs: .. is refused", '{"input":{"file":"../secret"}}', "refused"),
        row("inputs: .. in the middle is refused", '{"input":{"file":"sub/../a.txt"}}', "refused"),
        row("inputs: a link out of the root is refused", '{"input":{"file":"link"}}', "refused"),
        row("inputs: a folder link out of the root is refused", '{"input":{"file":"out/secret"}}', "refused"),
        row("inputs: a folder is an error", '{"input":{"file":"sub"}}', {"status": "error"}),
        row("inputs: a pipe does not hang", '{"input":{"file":"pipe"}}', {"status": "error"}),
        row("inputs: two places are an error", '{"input":{"key":"in:text","base64":""}}', "bad_task inputs.input"),
        row("inputs: no place is an error", '{"input":{}}', "bad_task inputs.input"),
        row("inputs: an unknown place is an error", '{"input":{"url":"x"}}', "bad_task inputs.input"),
        row("inputs: a ttl is an error", '{"input":{"key":"in:text","ttl":1}}', "bad_task inputs.input"),
        row("inputs: null is a wrong type", '{"input":null}', "bad_task inputs.input"),
        row("inputs: a text is a wrong type", '{"input":"hi"}', "bad_task inputs.input"),
        row("inputs: a key of a wrong type", '{"input":{"key":1}}', "bad_task inputs.input"),
        row("inputs: a base64 of a wrong type", '{"input":{"base64":null}}', "bad_task inputs.input"),
        row("inputs: a name given twice", '{"input":{"base64":""},"input":{"base64":""}}', "bad_task inputs.input"),
        row("inputs: what is not base64 is an error", '{"input":{"base64":"a*b"}}', {"status": "error", "error.field": "inputs.input"}),
        row("a byte string given twice is an error: text and inputs",
            '{"input":{"base64":"aGk="}}', "bad_args", "serialize",
            ',"args":{"input":"1","to":"value"}'),
        row("a byte string given twice is an error: base64 and inputs",
            '{"input":{"base64":"aGk="}}', "bad_args", "serialize",
            ',"args":{"input_base64":"MQ==","to":"value"}'),
        row("a byte string given twice is an error: text and base64", "{}", "bad_args",
            "serialize", ',"args":{"input":"1","input_base64":"MQ==","to":"value"}'),
        row("an input that the handler does not know is an error",
            '{"nope":{"base64":"aGk="}}', {"status": "error"}, "serialize",
            ',"args":{"value":1,"to":"json"}'),
        row("inputs.NAME stands for args.NAME", '{"input":{"base64":"WzFd"}}',
            {"status": "ok", "result.value": [1]}, "serialize", ',"args":{"to":"value"}'),
        row("args.NAME_base64 stands for args.NAME", "{}",
            {"status": "ok", "result.value": [1]}, "serialize",
            ',"args":{"input_base64":"WzFd","to":"value"}'),
        row("args.NAME is text", "{}", {"status": "ok", "result.value": [1]},
            "serialize", ',"args":{"input":"[1]","to":"value"}'),
        row("args.NAME_base64 that is not base64 is bad_args", "{}", "bad_args args.input_base64",
            "serialize", ',"args":{"input_base64":"W*","to":"value"}'),
        row("both sides of a diff from elsewhere", '{"old":{"key":"in:text"},"new":{"file":"a.txt"}}',
            {"status": "ok", "result.exact": True}, "diff"),
    ]


def outputs():
    def row(what, outputs, expected, more='"args":{"value":[1,2],"to":"json"}', task="serialize"):
        return (what, '{"task":"%s","outputs":%s,%s,"reply_to":"$R"}' %
                (task, outputs, more), expected)

    def bad(what, outputs):
        return row("outputs: " + what, outputs, "bad_task outputs.output")

    return [
        row("outputs: a key in place of the bytes", '{"output":{"key":"out:1"}}',
            {"status": "ok", "result.output.key": "out:1", "result.output.bytes": 5}),
        row("outputs: a file in place of the bytes", '{"output":{"file":"o.json"}}',
            {"status": "ok", "result.output.file": "o.json", "result.output.bytes": 5}),
        row("outputs: a key with a ttl", '{"output":{"key":"out:2","ttl":100}}',
            {"status": "ok", "result.output.key": "out:2"}),
        row("outputs: of a program", '{"output":{"key":"out:3"}}',
            {"status": "ok", "result.output.key": "out:3", "result.output.bytes": 2},
            '"inputs":{"input":{"base64":"aGk="}}', "cat"),
        row("outputs: of a diff", '{"diff":{"key":"out:4"}}',
            {"status": "ok", "result.diff.key": "out:4"},
            '"args":{"old":"a\\n","new":"b\\n"}', "diff"),
        row("outputs: a name the handler does not know is an error", '{"nope":{"key":"out:5"}}', {"status": "error"}),
        row("outputs: a key of cherry's is refused", '{"output":{"key":"cherry:x"}}', "refused"),
        row("outputs: a queue is refused", '{"output":{"key":"tasks"}}', "refused"),
        row("outputs: an absolute path is refused", '{"output":{"file":"/tmp/x"}}', "refused"),
        row("outputs: .. is refused", '{"output":{"file":"../x"}}', "refused"),
        row("outputs: a folder link out of the root is refused", '{"output":{"file":"out/x"}}', "refused"),
        row("outputs: a link out of the root is refused", '{"output":{"file":"link"}}', "refused"),
        row("outputs: a folder is refused", '{"output":{"file":"sub"}}', "refused"),
        row("outputs: in a folder that is not there is not_found", '{"output":{"file":"no/x"}}', "not_found"),
        row("outputs: a name that is too long is refused", '{"output":{"file":"%s"}}' % ("x" * 300), "refused"),
        bad("a file has no ttl", '{"output":{"file":"x","ttl":1}}'),
        bad("null is a wrong type", '{"output":null}'),
        bad("no place", '{"output":{}}'),
        bad("two places", '{"output":{"key":"a","file":"b"}}'),
        bad("base64 is no place", '{"output":{"base64":""}}'),
        row("outputs: two in one place are an error",
            '{"output":{"key":"out:6"},"other":{"key":"out:6"}}', "bad_task outputs.other"),
        bad("a ttl of 0", '{"output":{"key":"a","ttl":0}}'),
        bad("a ttl of null", '{"output":{"key":"a","ttl":null}}'),
        bad("a ttl alone", '{"output":{"ttl":1}}'),
    ]


def echo():
    def row(what, args, expected=None):
        return ("echo: result is args: " + what,
                '{"task":"echo","args":%s,"reply_to":"$R"}' % args,
                expected or {"status": "ok", "result": json.loads(args)})

    return [row("empty", "{}"), row("absent", "{}"), row("nested", '{"a":[1,{"b":[null,true]}]}'),
            row("exotic text", '{"\\u0000":"\\ud83d\\ude00\u2028\\/","":"é"}'),
            row("numbers", '{"a":[0,-1,1.5,1e5,%s]}' % HUGE),
            row("a megabyte", '{"a":"%s"}' % ("x" * 1000000))]


ROWS = (members, unknown, not_json, depth, inputs, outputs, echo)
