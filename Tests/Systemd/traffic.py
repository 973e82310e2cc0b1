"""Senders of beacons in a box, and an account of what became of each."""

import http.client
import json
import socket
import sys
import threading
import time
import uuid

TIMEOUT = 30


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("box", timeout=TIMEOUT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)


def events(count):
    return [{"id": str(uuid.uuid4()), "event_type": "click", "user_id": f"visitor-{uuid.uuid4().hex[:8]}"}
            for _ in range(count)]


def post(place, key, batch):
    """Sends events on a connection of their own, to a TCP port or a Unix socket, and gives the answer's status."""
    connection = (UnixConnection(place) if isinstance(place, str)
                  else http.client.HTTPConnection("127.0.0.1", place, timeout=TIMEOUT))
    try:
        connection.request("POST", "/api/v1/track/batch", json.dumps({"events": batch}),
                           {"Content-Type": "application/json", "X-API-Key": key})
        return connection.getresponse().status
    finally:
        connection.close()


class Traffic:
    """Senders at work as long as the `with` lasts; each counts what it was told."""

    def __init__(self, places, key, batch=20):
        self.places, self.key, self.batch = places, key, batch
        self.lock = threading.Lock()
        self.acknowledged, self.refused, self.unanswered, self.statuses = [], [], [], {}
        self.slowest = 0.0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(place,), daemon=True) for place in places]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(TIMEOUT + 5)

    def send(self, place):
        while not self.stopping.is_set():
            batch = events(self.batch)
            start = time.monotonic()
            try:
                status = post(place, self.key, batch)
            except (ConnectionRefusedError, FileNotFoundError, PermissionError) as error:
                with self.lock:
                    self.refused.append(repr(error))
                continue
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.unanswered.append(repr(error))
                continue
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - start)
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status == 202:
                    self.acknowledged += [event["id"] for event in batch]

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def __str__(self):
        return (f"{len(self.acknowledged)} events acknowledged, {len(self.unanswered)} requests unanswered, "
                f"{len(self.refused)} refused, slowest answer {self.slowest:.2f} s")


if __name__ == "__main__":
    # traffic.py PLACE KEY: one event, as whoever runs this; prints the answer's status.
    where, secret = sys.argv[1:3]
    print(post(int(where) if where.isdigit() else where, secret, events(1)))
