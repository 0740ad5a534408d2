#!/usr/bin/env python3
"""Two sentinels that are of no use, on ports of the loopback.

    odd_sentinels.py FILE PASSWORD PORT

The first takes connections and says nothing. The second wants the password and
names a master that is none, 127.0.0.1:PORT. Their ports are written to FILE.
"""
import os
import socket
import sys
import threading

FILE, PASSWORD, PORT = sys.argv[1:4]


def words_of(file):
    count = file.readline()
    if not count.startswith(b"*"):
        raise OSError("the end")
    words = []
    for _ in range(int(count[1:])):
        length = int(file.readline()[1:])
        words.append(file.read(length + 2)[:-2].decode())
    return words


def bulks(*texts):
    return b"*%d\r\n" % len(texts) + b"".join(
        b"$%d\r\n%s\r\n" % (len(text), text.encode()) for text in texts)


def answer(words, trusted):
    if not trusted:
        return b"-NOAUTH Authentication required.\r\n"
    if words[:2] == ["SENTINEL", "get-master-addr-by-name"]:
        return bulks("127.0.0.1", PORT)
    if words[0] == "SUBSCRIBE":
        return b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (
            len(words[1]), words[1].encode())
    if words[:2] == ["CLIENT", "ID"]:
        return b":1\r\n"
    if words[0] in ("INFO", "SENTINEL"):
        return b"*0\r\n" if words[0] == "SENTINEL" else b"$0\r\n\r\n"
    return b"+OK\r\n"


def serve(connection):
    file = connection.makefile("rb")
    trusted = False
    try:
        while True:
            words = words_of(file)
            if words[0] == "AUTH":
                trusted = words[-1] == PASSWORD
            connection.sendall(answer(words, trusted))
    except (OSError, ValueError):
        connection.close()


def main():
    mute = socket.create_server(("127.0.0.1", 0))
    stale = socket.create_server(("127.0.0.1", 0))
    with open(FILE + ".new", "w") as out:
        out.write("%d %d\n" % (mute.getsockname()[1], stale.getsockname()[1]))
    os.rename(FILE + ".new", FILE)
    while True:
        connection, _ = stale.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
