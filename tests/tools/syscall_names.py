"""The system calls that SystemCallFilter= of a unit allows, one a line.

    syscall_names.py UNIT

As `systemd-analyze syscall-filter` expands the groups; one that it does not
know is an error. Filters that take calls away are not understood.
"""
import re
import subprocess
import sys

groups, name = {}, None
listing = subprocess.run(["systemd-analyze", "syscall-filter"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
for line in listing.splitlines():
    word = line.strip()
    if line.startswith("@"):
        name = word
        groups[name] = []
    elif word and not word.startswith("#"):
        groups[name].append(word)


def expand(word):
    if word.startswith("@") and word not in groups:
        sys.exit("there is no group " + word)
    if not word.startswith("@"):
        print(word)
    for part in groups.get(word, []):
        expand(part)


expand("@default")  # systemd always adds it
with open(sys.argv[1]) as unit:
    for words in re.findall(r"(?m)^SystemCallFilter=(.*)", unit.read()):
        for word in words.split():
            expand(word)
