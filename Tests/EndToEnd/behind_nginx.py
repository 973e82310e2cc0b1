"""The daemon behind Debian's nginx, with deploy/nginx/millrace.conf as it stands there.

Usage: behind_nginx.py [--programs DIR]
"""

import argparse
import contextlib
import gzip
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import uuid

from installation import CHECKOUT, Installation, free_port, run, wait_until
from wire import Answer, Wire, request

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()
TRACK, BATCH, BEACON, STREAM = "/api/v1/track", "/api/v1/track/batch", "/b", "/api/v1/track/stream"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
PER_ADDRESS = 40
place = Installation(programs=options.programs)
keys = {}


class Nginx:
    """nginx with the project's configuration, its addresses put in the place of Debian's."""

    def __init__(self, folder, ingest, workers=2):
        folder.mkdir()
        self.port = free_port()
        text = (CHECKOUT / "deploy/nginx/millrace.conf").read_text()
        for old, new in [("listen 80;", f"listen 127.0.0.1:{self.port};"), ("listen [::]:80;", ""),
                         ("unix:/run/millrace/ingest.sock", f"unix:{ingest}")]:
            assert text.count(old) == 1, f"{old} stands {text.count(old)} times in millrace.conf"
            text = text.replace(old, new)
        (folder / "millrace.conf").write_text(text)
        self.log = folder / "error.log"
        paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in
                        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}worker_processes {workers};\npid {folder}/pid;\nerror_log {self.log};\ndaemon off;\n"
            "events { worker_connections 768; }\n"
            f"http {{\nsendfile on;\ntcp_nopush on;\naccess_log {folder}/access.log;\ngzip on;\n{paths}"
            f"include {folder}/millrace.conf;\n}}\n")
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        assert program, "there is no nginx; deploy/test installs it"
        self.process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.listens, 10, "nginx does not listen", lambda: self.log.read_text())

    def listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def end(self):
        self.process.terminate()
        self.process.wait(20)


def event(**members):
    return {"event_type": "click", "id": str(uuid.uuid4()), **members}


def ask(path, body=b"", headers=None, method="POST", visitor="127.0.0.2", port=None):
    """Sends one request from one of the loopback addresses, each a visitor of its own."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port or nginx.port, timeout=30, source_address=(visitor, 0))
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "User-Agent": BROWSER, **(headers or {})}
    try:
        connection.request(method, path, body, {name: value for name, value in headers.items() if value is not None})
        got = connection.getresponse()
        return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
    finally:
        connection.close()


def post(body, path=TRACK, key="secret", visitor="127.0.0.2", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(path, body, {"X-API-Key": keys[key], **headers}, visitor=visitor)


def records():
    return [json.loads(line) for line in place.tool("log", "dump", "--json").splitlines()]


def stored(*ids):
    found = {}
    for record in records():
        found.setdefault(record["event"]["id"], []).append(record["event"])
    for wanted in ids:
        assert len(found.get(wanted, [])) == 1, f"{wanted} is stored {len(found.get(wanted, []))} times"
    return [found[wanted][0] for wanted in ids]


def every_way_in():
    """one event, a batch, a beacon, a packed body and one in chunks come through nginx"""
    one, many, beacon, packed, chunked, old = event(), [event() for _ in range(50)], event(), event(), event(), event()
    answer = post(one)
    assert answer.status == 202 and answer.json() == {"accepted": 1, "rejected": []}, answer
    assert answer.verdict() == {"accepted": 1}, answer
    answer = post({"events": [*many, {}]}, BATCH)
    assert answer.status == 202 and answer.verdict() == {"accepted": 50, "invalid": 1}, answer
    answer = ask(f"{BEACON}?k={keys['public']}", beacon, {"Content-Type": "text/plain;charset=UTF-8"})
    assert answer.status == 204 and answer.verdict() == {"accepted": 1}, answer
    answer = post(gzip.compress(json.dumps(packed).encode()), Content_Encoding="gzip")
    assert answer.status == 202, answer
    text = json.dumps(chunked).encode()
    with Wire(nginx.port) as wire:
        wire.send(request(TRACK, b"", {"X-API-Key": keys["secret"], "Content-Length": None,
                                       "Transfer-Encoding": "chunked"}))
        for part in (text[:7], text[7:]):
            wire.send(b"%x\r\n%b\r\n" % (len(part), part))
            time.sleep(0.05)
        wire.send(b"0\r\n\r\n")
        assert wire.answer().status == 202
        wire.send(request(TRACK, old, {"X-API-Key": keys["secret"]}).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert wire.answer().status == 202
    stored(one["id"], beacon["id"], packed["id"], chunked["id"], old["id"], *(each["id"] for each in many))


def the_visitors_address():
    """the visitor's address is the one nginx saw, and none that he sends"""
    first, again, other = event(), event(), event()
    forged = [event() for _ in range(4)]
    for body, visitor, headers in [
            (first, "127.0.0.2", {}), (again, "127.0.0.2", {}), (other, "127.0.0.3", {}),
            (forged[0], "127.0.0.2", {"X_Forwarded_For": "203.0.113.9"}),
            (forged[1], "127.0.0.2", {"X_Forwarded_For": "127.0.0.3, 127.0.0.1"}),
            (forged[2], "127.0.0.2", {"Forwarded": "for=203.0.113.9", "X_Real_IP": "203.0.113.9"}),
            (forged[3], "127.0.0.2", {"Connection": "close, X-Forwarded-For"})]:
        assert post(body, key="public", visitor=visitor, **headers).status == 202
    twice, body = event(), b""
    with Wire(nginx.port) as wire:
        body = request(TRACK, twice, {"X-API-Key": keys["public"], "User-Agent": BROWSER})
        wire.send(body.replace(b"\r\n", b"\r\nX-Forwarded-For: 127.0.0.2\r\nx-forwarded-for: 127.0.0.3\r\n", 1))
        assert wire.answer().status == 202
    first, again, other, twice, *forged = stored(
        *(one["id"] for one in [first, again, other, twice, *forged]))
    assert first["ip_hash"] == again["ip_hash"] and first["user_id"] == again["user_id"], (first, again)
    assert first["ip_hash"] != other["ip_hash"] and first["user_id"] != other["user_id"], (first, other)
    for one in forged:
        assert one["ip_hash"] == first["ip_hash"] and one["user_id"] == first["user_id"], one
    assert twice["ip_hash"] not in (first["ip_hash"], other["ip_hash"]), "127.0.0.1 counts as another visitor"


def the_limit_is_each_visitors():
    """the limit of an address is the visitor's, not that of nginx"""
    limited = {"events": [event() for _ in range(2 * PER_ADDRESS)]}
    answer = post(limited, BATCH, key="public", visitor="127.0.0.11")
    assert answer.verdict() == {"accepted": PER_ADDRESS, "limited": PER_ADDRESS}, answer
    answer = post(event(), key="public", visitor="127.0.0.11", X_Forwarded_For="203.0.113.77")
    assert answer.status == 429 and int(answer.headers["retry-after"]) >= 1, answer
    for visitor in ["127.0.0.12", "127.0.0.13"]:
        assert post(event(), key="public", visitor=visitor).status == 202, "nginx itself is limited"


def headers_go_through():
    """Origin, Sec-GPC, preflights and their answers go through unchanged"""
    answer = post(event(), key="shop", Origin="https://www.shop.example")
    assert answer.status == 202 and answer.headers["access-control-allow-origin"] == "https://www.shop.example", answer
    answer = post(event(), key="shop", Origin="https://evil.example")
    assert answer.status == 403 and answer.verdict() == {"invalid": 1}, answer
    answer = ask(TRACK, b"", {"Origin": "https://www.shop.example", "Access-Control-Request-Method": "POST",
                              "Content-Type": None}, "OPTIONS")
    assert answer.status == 204 and "X-API-Key" in answer.headers["access-control-allow-headers"], answer
    private = event(user_id="v")
    assert post(private, key="public", Sec_GPC="1").status == 202
    got, = stored(private["id"])
    assert got["gpc"] is True and not got.get("user_id") and not got.get("ip_hash"), got


def what_is_too_large():
    """a body over a limit is refused by the daemon with its verdict; nginx stops what is absurd"""
    for path, size, absurd in [(BEACON, 64 << 10, 1 << 20), (TRACK, 1 << 20, 3 << 20), (BATCH, 5 << 20, 9 << 20)]:
        answer = post(event(metadata={"t": "x" * size}), path)
        assert answer.status == 413 and answer.verdict() == {"invalid": 1}, (path, answer)
        with contextlib.suppress(OSError):  # nginx may end the connection while the body is being sent
            answer = post(event(metadata={"t": "x" * absurd}), path)
            assert answer.status == 413 and "millrace-verdict" not in answer.headers, (path, answer)
    assert post({"events": [event(metadata={"t": "x" * (900 << 10)}) for _ in range(5)]}, BATCH).status == 202


def what_is_not_shown():
    """only the daemon's public paths are there: no /metrics, no /health"""
    for path in ["/metrics", "/health", "/b/../metrics", "/%6detrics", "//metrics", "/", "/admin/",
                 "/api/v1/config/../../../health", "/metrics?k=1", "/b%2f..%2fmetrics"]:
        answer = ask(path, b"", {"Content-Type": None}, "GET")
        assert answer.status in (400, 404) and b"millrace_events" not in answer.body, (path, answer)
        assert b"durable_sequence" not in answer.body, (path, answer)
    log = [path for path in (place.root / "nginx").rglob("*") if path.name == "access.log" and path.stat().st_size]
    assert not log, "nginx keeps a log of requests"


def the_script():
    """the script comes through nginx under its name, packed where the browser understands that"""
    answer = ask("/millrace.js", b"", {"Content-Type": None}, "GET")
    assert answer.status == 200 and "javascript" in answer.headers["content-type"] and answer.body, answer
    assert ask(f"/api/v1/config?k={keys['public']}", b"", {"Content-Type": None}, "GET").status == 200
    assert ask("/millrace-0000.js", b"", {"Content-Type": None}, "GET").status == 404


def a_page_that_is_gone():
    """a beacon that has come whole is kept although its sender is gone"""
    gone = [event() for _ in range(20)]
    for number, body in enumerate(gone):
        with Wire(nginx.port) as wire:
            wire.send(request(f"{BEACON}?k={keys['secret']}", body, {"Content-Type": "text/plain"}))
            if number % 2:  # a reset instead of an end
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ids = {one["id"] for one in gone[::2]}
    wait_until(lambda: ids <= {record["event"]["id"] for record in records()}, 10, "a beacon of a gone page is lost")


def a_stream():
    """a stream of any length comes through nginx as it goes, and each line is answered"""
    events = [event(user_id=f"v{number}", metadata={"t": "x" * 500}) for number in range(12_000)]
    lines = [json.dumps(one).encode() for one in events]
    lines[4_000] = b'{"event_type": '
    data = b"\n".join(lines) + b"\n"

    def pieces():
        for start in range(0, len(data), 100_000):
            yield data[start:start + 100_000]

    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=60, source_address=("127.0.0.2", 0))
    connection.request("POST", STREAM, pieces(), {"X-API-Key": keys["secret"], "Content-Type": "application/x-ndjson"},
                       encode_chunked=True)
    got = connection.getresponse()
    assert got.status == 200, (got.status, got.read()[:500])
    answers = [json.loads(line) for line in got.read().splitlines()]
    connection.close()
    assert max(one.get("acked", 0) for one in answers) == len(lines), answers[-3:]
    assert [one["line"] for one in answers if "line" in one] == [4_001], answers[:3]
    stored(*(one["id"] for one in events[:4_000] + events[4_001:]))


class Endless(threading.Thread):
    """Sends through nginx without a pause, each event once, and keeps what it was answered."""

    def __init__(self, stop):
        super().__init__(daemon=True)
        self.stop, self.accepted, self.statuses = stop, [], []

    def run(self):
        while not self.stop.is_set():
            body = event()
            status = post(body).status
            self.statuses.append(status)
            if status == 202:
                self.accepted.append(body["id"])
            else:
                time.sleep(0.01)


def a_restart():
    """a daemon that is killed, absent, stopped and started again under load: 202 or 503 with Retry-After, no loss"""
    stop = threading.Event()
    senders = [Endless(stop) for _ in range(8)]
    for sender in senders:
        sender.start()
    for signal_number in [9, 15, 15, 9]:
        time.sleep(0.5)
        assert place.kill("millraced", signal_number) in (0, -9), place.output("millraced")[-1_000:]
        answer = post(event())
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1, answer
        assert answer.headers["content-type"] == "application/problem+json" and answer.json()["status"] == 503, answer
        place.start("millraced")
        place.until_healthy()
        assert post(event()).status == 202, "nginx does not find the daemon again"
    stop.set()
    for sender in senders:
        sender.join(30)
    statuses = [status for sender in senders for status in sender.statuses]
    assert set(statuses) == {202, 503}, {status: statuses.count(status) for status in set(statuses)}
    stored(*(one for sender in senders for one in sender.accepted))


def nothing_is_sent_twice():
    """a POST whose connection ended without an answer is not sent again, and its sender is told"""
    path = place.root / "fake.sock"
    bodies = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(10)
        path.chmod(0o666)
        threading.Thread(target=fake_daemon, args=(listener, bodies), daemon=True).start()
        front = Nginx(place.root / "nginx2", path, workers=1)
        try:
            statuses = [ask(TRACK, event(), port=front.port).status for _ in range(6)]
        finally:
            front.end()
    assert statuses == [204, 503] * 3, statuses
    assert len(bodies) == len(set(bodies)) == 6, f"nginx sent {len(bodies) - len(set(bodies))} twice"


def fake_daemon(listener, bodies):
    """Answers the first request of each connection, and ends it when the second has come."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as file:
                bodies.append(fake_request(file))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                bodies.append(fake_request(file))


def fake_request(file):
    """The body of a request."""
    size = 0
    while (line := file.readline()) not in (b"\r\n", b""):
        size = int(line.split()[1]) if line.lower().startswith(b"content-length:") else size
    return file.read(size)



with place:
    text = place.config.read_text()
    place.config.write_text(text.replace("per_address = 0", f"per_address = {PER_ADDRESS}"))
    place.tool("migrate")
    made = place.json("project", "create", "open")
    keys.update(public=made["public_key"], secret=made["secret_key"])
    keys["shop"] = place.json("project", "create", "shop", "--domain", "*.shop.example")["public_key"]
    place.start("millraced")
    place.until_healthy()
    nginx = Nginx(place.root / "nginx", place.root / "run/ingest.sock")
    try:
        run([
            every_way_in, the_visitors_address, the_limit_is_each_visitors, headers_go_through, what_is_too_large,
            what_is_not_shown, the_script, a_page_that_is_gone, a_stream, a_restart, nothing_is_sent_twice,
        ])
    finally:
        nginx.end()
