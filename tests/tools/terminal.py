"""Runs a program on a pseudo-terminal and acts on what it shows.

    terminal.py ROWS COLUMNS COMMAND... < script

Each line of the script is one step:

    wait TEXT       until the screen, as it is now, shows TEXT (20 s)
    waitfor TEXT    until TEXT has come at some time
    send TEXT       types it; Python's escapes are understood
    run COMMAND     of the shell, which must not fail
    resize R C      the terminal gets another size
    signal NAME     sent to the program
    size            fails unless the screen's lines fit the terminal
    first A B       fails unless A stands above B
    stopped         until it is stopped, as by Ctrl-Z
    modes           fails unless echo and lines are on again
    end STATUS      waits for the end, which must have this status

Everything that came is printed at the end. Status 1 says which step failed.
"""
import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 20


class Terminal:
    def __init__(self, rows, columns, command):
        self.all = ""
        self.status = None
        self.rows, self.columns = rows, columns
        self.child, self.fd = pty.fork()
        if not self.child:
            self.set_size(0, rows, columns)
            os.execvp(command[0], command)
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    @staticmethod
    def set_size(fd, rows, columns):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b""
        self.all += self.decode(got)
        return bool(got)

    def screen(self):
        """The lines of the last whole picture, or of all that came."""
        text = self.all
        if "\x1b[H" in text:
            pictures = text.split("\x1b[H")
            text = pictures[-1] if "\x1b[J" in pictures[-1] else pictures[-2]
            text = text.split("\x1b[J")[0]
        return text.replace("\x1b[K", "").replace("\r\n", "\n").split("\n")

    def until(self, what, holds):
        end = time.monotonic() + LIMIT
        while not holds():
            if time.monotonic() > end:
                sys.exit("not within %d s: %s" % (LIMIT, what))
            if not self.read(0.05) and self.ended():
                if not holds():
                    sys.exit("it ended before: %s" % what)

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def step(self, line):
        word, _, rest = line.partition(" ")
        getattr(self, "do_" + word)(rest)

    def do_wait(self, text):
        self.until(text, lambda: any(text in line for line in self.screen()))

    def do_waitfor(self, text):
        self.until(text, lambda: text in self.all)

    def do_send(self, text):
        os.write(self.fd, text.encode().decode("unicode_escape").encode())

    def do_run(self, command):
        if os.system(command):
            sys.exit(command + " failed")

    def do_resize(self, size):
        self.rows, self.columns = map(int, size.split())
        before = len(self.all)
        self.set_size(self.fd, self.rows, self.columns)
        self.until("a picture after " + size, lambda: "\x1b[J" in self.all[before:])

    def do_signal(self, name):
        os.kill(self.child, getattr(signal, "SIG" + name))

    def do_size(self, _):
        lines = self.screen()
        if len(lines) > self.rows or max(map(len, lines)) > self.columns:
            sys.exit("%d lines of up to %d on %dx%d: %r" % (
                len(lines), max(map(len, lines)), self.rows, self.columns, lines))

    def do_first(self, words):
        above, below = words.split()

        def rows():
            lines = self.screen()
            at = [[i for i, line in enumerate(lines) if word in line]
                  for word in (above, below)]
            return all(at) and at[0][0] < at[1][0]

        self.until("%s above %s" % (above, below), rows)

    def do_modes(self, _):
        def restored():
            flags = termios.tcgetattr(self.fd)[3]
            return flags & termios.ECHO and flags & termios.ICANON

        self.until("the terminal as it was", restored)

    def do_stopped(self, _):
        def stopped():
            with open("/proc/%d/stat" % self.child) as file:
                return file.read().rpartition(")")[2].split()[0] == "T"

        self.until("a stop", stopped)

    def do_end(self, status):
        self.until("the end", self.ended)
        while self.read(0.05):
            pass
        if self.status != int(status):
            sys.exit("it ended with %s, not %s" % (self.status, status))


def main():
    terminal = Terminal(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    step = "the start"
    try:
        for step in sys.stdin.read().splitlines():
            terminal.step(step.strip())
    except SystemExit as fault:
        print("step %r: %s" % (step, fault.code), file=sys.stderr)
        sys.exit(1)
    finally:
        sys.stdout.write(terminal.all)
        if terminal.status is None:
            os.kill(terminal.child, signal.SIGKILL)


main()
