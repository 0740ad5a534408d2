"""Stands in for systemd: listens on a notification socket.

    notify_listen.py SOCKET LOG

A SOCKET that begins with @ is an abstract one. Each datagram becomes a line of
LOG: seconds since the start, a tab, and its lines joined by spaces.
"""
import socket
import sys
import time

path, log = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0" + path[1:] if path[0] == "@" else path)
start = time.monotonic()
with open(log, "w", buffering=1) as out:
    out.write("0.000\tlistening\n")
    while True:
        text = listener.recv(65536).decode()
        out.write("%.3f\t%s\n" % (time.monotonic() - start, text.replace("\n", " ")))
