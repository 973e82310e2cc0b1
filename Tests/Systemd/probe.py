"""Tries, as whoever runs it, what he may do with each path named on its standard input; prints what worked as JSON."""

import json
import os
import pathlib
import socket
import stat
import sys


def works(attempt, *arguments):
    try:
        attempt(*arguments)
        return True
    except OSError:
        return False


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def write(path):
    os.close(os.open(path, os.O_WRONLY))


def create(path):
    new = os.path.join(path, f"probe-{os.getpid()}")
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    os.unlink(new)


def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


ATTEMPTS = {"read": read, "write": write, "list": os.listdir, "create": create, "connect": connect}
found = {name: [] for name in ATTEMPTS}
for line in sys.stdin:
    kind, path = line.rstrip("\n").split(" ", 1)
    wanted = {"directory": ["list", "create"], "socket": ["connect"], "file": ["read", "write"]}[kind]
    for name in wanted:
        if works(ATTEMPTS[name], path):
            found[name].append(path)
print(json.dumps(found))
