"""A plain client of the ingest daemon: requests as bytes, so that a test decides how they are cut."""

import json
import re
import socket


class Answer:
    """One HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def verdict(self):
        """The numbers of Millrace-Verdict that are not 0."""
        pairs = (part.split("=") for part in self.headers["millrace-verdict"].split("; "))
        return {name: int(count) for name, count in pairs if count != "0"}

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]}"


class Wire:
    """One connection, over TCP (a port) or a Unix socket (a path)."""

    def __init__(self, place, timeout=20):
        if isinstance(place, int):
            self.socket = socket.create_connection(("127.0.0.1", place), timeout=timeout)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(place))
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, has_body=True):
        """The next answer; None where the connection ended instead."""
        line = self.file.readline()
        if not line:
            return None
        match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\n", line)
        assert match, f"no status line: {line!r}"
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, value = line.decode().rstrip("\r\n").split(": ", 1)
            assert name.lower() not in headers or name.lower() == "vary", f"{name} stands twice"
            headers[name.lower()] = value
        assert line, "the connection ended within a head"
        size = int(headers.get("content-length", "0"))
        return Answer(int(match.group(1)), headers, self.file.read(size) if has_body else b"")

    def line(self):
        """The next line of a stream, read as JSON; None at its end."""
        line = self.file.readline()
        return json.loads(line) if line else None


def request(path, body=b"", headers=None, method="POST"):
    """The bytes of a request. A dictionary is sent as JSON; a header that is None is left out."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    headers = {"Host": "h", "Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def ask(place, path, body=b"", headers=None, method="POST"):
    """Sends one request on a connection of its own."""
    with Wire(place) as wire:
        wire.send(request(path, body, headers, method))
        return wire.answer(has_body=method != "HEAD")
