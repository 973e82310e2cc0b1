"""Every event of a mixed load is in one counter: what the answers said is what the daemon, its log and the loader say.

Usage: accounting.py [--programs DIR] [--rounds N] [--seed N]
"""

import argparse
import collections
import contextlib
import gzip
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import struct
import threading
import time
import uuid

from installation import Installation, run, wait_until
from wire import Wire, ask, request

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
arguments.add_argument("--rounds", type=int, default=3, help="how often each sender sends each kind")
arguments.add_argument("--seed", type=int, default=None)
options = arguments.parse_args()
seed = options.seed if options.seed is not None else random.randrange(1 << 30)
TRACK, BATCH, BEACON, STREAM = "/api/v1/track", "/api/v1/track/batch", "/b", "/api/v1/track/stream"
NAMES = ["accepted", "duplicate", "bot", "invalid", "limited", "unavailable"]
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PER_ADDRESS = 50
# Stands in every text that is sent; nothing that the daemon shows may hold it.
CANARY = "kanarienvogel"
ADDRESS = "198.51.100."
place = Installation(programs=options.programs)
keys, runs = {}, []


class Ledger:
    """What all answers said."""

    def __init__(self):
        self.lock = threading.Lock()
        self.total = collections.Counter()
        self.statuses = collections.Counter()
        self.unanswered = set()

    def take(self, answer, *expected):
        """Adds an answer's verdict."""
        assert answer is not None, "no answer came"
        assert not expected or answer.status in expected, (expected, answer)
        with self.lock:
            self.statuses[answer.status] += 1
            if "millrace-verdict" in answer.headers:
                self.total.update(answer.verdict())
            else:
                assert answer.status in (200, 204, 404, 405), f"an answer has no verdict: {answer}"
        return answer

    def add(self, **numbers):
        """Adds what a stream's answers, which have no verdict, say of lines that are known."""
        with self.lock:
            self.total.update(numbers)


def event(**members):
    return {"event_type": CANARY, "id": str(uuid.uuid4()), "user_id": f"{CANARY}@mail.example",
            "url": f"https://{CANARY}.example/?token={CANARY}", "element_text": CANARY, **members}


def unlimited():
    """An address that nobody else has; its bucket is never empty."""
    return ADDRESS + str(random.randrange(1, 255)) + ", 2001:db8:" + ":".join(
        f"{random.randrange(1, 1 << 16):x}" for _ in range(6))


def post(body, path=TRACK, key="secret", door=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"X-API-Key": keys.get(key, key), "X-Forwarded-For": unlimited(), **headers}
    return ask(door or random.choice([place.port, place.root / "run/ingest.sock"]), path, body, headers)


def good(ledger):
    for key in ["secret", "public"]:
        for path, body in [(TRACK, event()), (BATCH, {"events": [event() for _ in range(random.randrange(1, 40))]}),
                           (BEACON, event()), (BEACON, {"events": [event(), event()]})]:
            ledger.take(post(body, path, key), 202, 204)
    ledger.take(post(event(), Sec_GPC="1"), 202)
    ledger.take(post(gzip.compress(json.dumps(event()).encode()), Content_Encoding="gzip"), 202)
    ledger.take(post(event(), "/nothing"), 404)
    ledger.take(ask(place.port, TRACK, b"", {"Origin": "https://a.example"}, "OPTIONS"), 204)


def robots(ledger):
    ledger.take(post(event(), User_Agent=ROBOT), 202)
    ledger.take(post({"events": [event(), event(), {}]}, BATCH, User_Agent=ROBOT), 202)
    ledger.take(post(event(), BEACON, User_Agent=ROBOT), 204)


def duplicates(ledger):
    body = event()
    for _ in range(3):
        ledger.take(post(body), 202)
    ledger.take(post({"events": [body, event(), body]}, BATCH), 202)
    ledger.take(post({"events": [body]}, BATCH), 202)
    ledger.take(post(body, User_Agent=ROBOT), 202)
    keys.setdefault("again", []).append(body)


def invalid(ledger):
    bad = [event(timestamp=CANARY), event(id=CANARY), event(user_id=7), event(properties=CANARY), {CANARY: 1}, 7, None,
           event(exit={"reason": CANARY}), event(url="x" * 3_000), event(timestamp=1),
           event(metadata={"a": [[[[[[[]]]]]]]})]
    for one in bad:
        ledger.take(post(json.dumps(one).encode()), 400)
        ledger.take(post(json.dumps(one).encode(), BEACON), 400)
    ledger.take(post({"events": bad}, BATCH), 400)
    ledger.take(post({"events": [*bad, event(), event()]}, BATCH), 202)
    ledger.take(post({"events": [*bad, event()]}, BEACON), 204)


def refused_unread(ledger):
    for body in [b"", CANARY.encode(), b'{"event_type":"' + CANARY.encode(), b"{}}", b'{"events":[', b"\xff"]:
        for path in [TRACK, BATCH, BEACON]:
            ledger.take(post(body, path), 400)
    for body in [{"events": []}, {}, {"events": 7}, {"events": [event()] * 1_001}, [event()]]:
        ledger.take(post(body, BATCH), 400)
    for key in [None, CANARY, "pk_live_" + CANARY]:
        ledger.take(post({"events": [event(), event()]}, BATCH, key), 401)
    ledger.take(post({"events": [event(), event()]}, BATCH, "shop", Origin=f"https://{CANARY}.example"), 403)
    ledger.take(post(event(metadata={"t": "x" * 70_000}), BEACON), 413)
    ledger.take(post(event(metadata={"t": "x" * (1 << 20)})), 413)
    ledger.take(post(event(), Content_Type=f"image/{CANARY}"), 415)
    ledger.take(post(event(), Content_Encoding=CANARY), 415)
    ledger.take(post(CANARY.encode(), Content_Encoding="gzip"), 400)
    ledger.take(ask(place.port, f"{TRACK}?k={keys['secret']}&{CANARY}", method="GET"), 405)


def limited(ledger):
    visitor = ADDRESS + str(random.randrange(1, 255))
    for size in [PER_ADDRESS, 30, 1]:
        body = {"events": [event() for _ in range(size)] + [{}]}
        ledger.take(post(body, BATCH, "public", X_Forwarded_For=visitor), 202, 429)
        ledger.take(post(event(), BEACON, "public", X_Forwarded_For=visitor), 204, 429)


def pipelined(ledger):
    with Wire(place.port) as wire:
        bodies = [event() if random.random() < 0.8 else {CANARY: CANARY} for _ in range(80)]
        data = b"".join(request(TRACK, body, {"X-API-Key": keys["secret"]}) for body in bodies)
        threading.Thread(target=wire.send, args=(data,), daemon=True).start()
        for _ in bodies:
            ledger.take(wire.answer(), 202, 400)


def bad_http(ledger):
    head = b"POST /api/v1/track HTTP/1.1\r\nHost: h\r\n"
    for data in [f"{CANARY}\r\n\r\n".encode(), b"POST / HTTP/3.0\r\nHost: h\r\n\r\n",
                 head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", head + b"Content-Length: x\r\n\r\n",
                 head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                 head + b"X: " + b"x" * 20_000 + b"\r\n\r\n", head + f"{CANARY}\n\n".encode(),
                 head + b"Transfer-Encoding: gzip\r\n\r\n", head + b"Expect: more\r\n\r\n",
                 b"\x16\x03\x01\x02\0\x01\r\n\r\n"]:
        with Wire(place.port) as wire:
            wire.send(data)
            ledger.take(wire.answer(), 400, 431, 501, 505, 417)
            assert wire.answer() is None, "the connection goes on behind bad HTTP"


def broken_off(ledger):
    """Whole requests whose sender does not wait, and parts of requests."""
    for number in range(10):
        body = {"events": [event() for _ in range(5)] + [{}]}
        data = request(BATCH, body, {"X-API-Key": keys["secret"]})
        with ledger.lock:
            ledger.unanswered.update(one["id"] for one in body["events"] if one)
        with Wire(place.port) as wire:
            wire.send(data if number % 2 else data[:-random.randrange(1, len(data))])
            if number % 3 == 0:
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stream(ledger):
    """Lines of which three in ten are refused, one is known already."""
    lines, expected = stream_lines(ledger)
    with Wire(place.root / "run/stream.sock") as wire:
        wire.send(json.dumps({"key": keys["secret"]}).encode() + b"\n")
        threading.Thread(target=wire.send, args=(b"\n".join(lines) + b"\n",), daemon=True).start()
        check_stream(iter(wire.line, None), lines, expected)
    ledger.add(**expected)
    for first in [b'{"key": "sk_live_unknown"}\n', CANARY.encode() + b"\n"]:
        with Wire(place.root / "run/stream.sock") as wire:
            wire.send(first)
            assert "error" in wire.line() and wire.line() is None
        ledger.add(invalid=1)


def http_stream(ledger):
    lines, expected = stream_lines(ledger)
    status, said = stream_over_http(lines, keys["secret"])
    assert status == 200, (status, said)
    check_stream((json.loads(line) for line in said.splitlines()), lines, expected)
    ledger.add(**expected)
    assert stream_over_http(lines, CANARY)[0] == 401
    ledger.add(invalid=1)


def stream_over_http(lines, key):
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20)
    try:
        connection.request("POST", STREAM, iter([line + b"\n" for line in lines]),
                           {"X-API-Key": key, "Content-Type": "application/x-ndjson"}, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def stream_at_once(lines, key):
    """The whole answer to lines that come with their head, so that none comes after the answer began."""
    head = f"POST {STREAM} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/x-ndjson\r\n"
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as sender:
        sender.sendall(f"{head}Content-Length: {len(lines)}\r\n\r\n{lines}".encode())
        return b"".join(iter(lambda: sender.recv(65_536), b"")).decode()


def stream_lines(ledger):
    known = event()
    ledger.take(post(known), 202)
    lines = [json.dumps(event(user_agent=CANARY)).encode() for _ in range(70)]
    lines += [CANARY.encode(), b"{}", b"", json.dumps(event(timestamp=CANARY)).encode()] * 7
    lines += [json.dumps(event(metadata={"t": "x" * (1 << 20)})).encode()] + [json.dumps(known).encode()]
    random.shuffle(lines)
    return lines, {"accepted": 70, "invalid": 29, "duplicate": 1}


def check_stream(answers, lines, expected):
    refused = set()
    for answer in answers:
        if "line" in answer:
            refused.add(answer["line"])
        elif answer.get("acked") == len(lines):
            break
        else:
            assert "acked" in answer, answer
    assert len(refused) == expected["invalid"], (len(refused), expected)


KINDS = [good, robots, duplicates, invalid, refused_unread, limited, pipelined, bad_http, broken_off, stream,
         http_stream]


def mixed_load(ledger, senders=4):
    """Each sender sends each kind some times, in an order of its own."""
    failures = []

    def send(order):
        for kind in order:
            try:
                kind(ledger)
            except Exception as error:
                failures.append(f"{kind.__name__}: {type(error).__name__}: {error}")

    kinds = KINDS * options.rounds
    threads = [threading.Thread(target=send, args=(random.sample(kinds, len(kinds)),)) for _ in range(senders)]
    for thread in threads:
        thread.start()
    with Wire(place.port) as slow:
        slow.send(b"POST /api/v1/track HTTP/1.1\r\nHost: h\r\n")
        ledger.take(slow.answer(), 408)
    for thread in threads:
        thread.join(120)
    assert not failures, f"{len(failures)} of the sent kinds went wrong: {failures[:3]}"


def metrics():
    """The counters as /metrics has them: events by verdict, refusals by reason."""
    found = {"events": {}, "refusals": {}}
    for line in ask(place.port, "/metrics", method="GET").body.decode().splitlines():
        for name in found:
            if line.startswith(f"millrace_{name}_total{{"):
                found[name][line.split('"')[1]] = int(line.split()[-1])
    return found["events"], found["refusals"]


def status_file():
    return json.loads((place.root / "run/status/millraced.json").read_text())


def log():
    if not list((place.root / "lib").glob("log/*.wal")):
        return []
    return [json.loads(line) for line in place.tool("log", "dump", "--json").splitlines()]


@contextlib.contextmanager
def daemon(**environment):
    """A run of the daemon; at its end every place says what the answers said."""
    before, ledger = len(log()), Ledger()
    saved = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    place.start("millraced")
    for name, value in saved.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        place.until_healthy()
        yield ledger
        events, refusals = compare(ledger, log()[before:])
    except BaseException:
        place.kill("millraced")
        raise
    assert place.kill("millraced", signal.SIGTERM) == 0, place.output("millraced")[-1_000:]
    last = status_file()
    assert {name: last["beacons"][name] for name in NAMES} == events, "the last status is not that of the end"
    runs.append((ledger, events, refusals))


def compare(ledger, records):
    """The answers against /metrics, the status file, `millrace status` and the log."""
    fates = {record["event"]["id"] for record in records} & ledger.unanswered
    wait_until(lambda: metrics()[0] == {name: status_file()["beacons"][name] for name in NAMES}, 10,
               "the status file is not what /metrics says", lambda: f"{metrics()} {status_file()['beacons']}")
    events, refusals = metrics()
    told = {name: ledger.total[name] for name in NAMES}
    unseen = {name: events[name] - told[name] for name in NAMES}
    # Who broke off was told nothing: what is in the log of his counts as accepted, and beside it his bad events.
    assert unseen["accepted"] == len(fates), f"{unseen} more counted than told; {len(fates)} of broken connections"
    assert unseen["invalid"] == len(fates) // 5 or not fates, f"{unseen}; {len(fates)} of broken connections"
    assert not any(unseen[name] for name in NAMES if name not in ("accepted", "invalid")), (unseen, told)
    assert events["accepted"] + events["bot"] == len(records), (events, len(records))
    assert events["bot"] == sum(1 for record in records if record["event"].get("bot")), events
    refused = events["invalid"] + events["limited"] + events["unavailable"]
    assert sum(refusals.values()) == refused, f"reasons add up to {sum(refusals.values())}, not {refused}: {refusals}"
    assert refusals["limited"] == events["limited"] and refusals["log_unavailable"] == events["unavailable"], refusals
    shown = place.json("status")
    assert {name: shown["beacons"][name] for name in NAMES} == events, shown["beacons"]
    assert shown["beacons"]["since"] and {
        name: count for name, count in refusals.items() if count} == shown["beacons"]["refusals"], shown["beacons"]
    check_privacy(shown)
    return events, refusals


def check_privacy(shown):
    sample = status_file()["refused_sample"]
    assert 0 < len(sample) <= 100, f"the sample holds {len(sample)}"
    texts = {"the status file": (place.root / "run/status/millraced.json").read_text(), "status": json.dumps(shown),
             "status for people": place.tool("status"), "the daemon's messages": place.output("millraced"),
             "/metrics": ask(place.port, "/metrics", method="GET").body.decode()}
    for name, text in texts.items():
        # The daemon's own port may begin like a sender's.
        text = text.replace(f"127.0.0.1:{place.port}", "")
        for secret in [CANARY, ADDRESS, "2001:db8", "127.0.0.1:5", keys["secret"], keys["public"]]:
            assert secret not in text, f"{name} holds {secret}"


def a_mixed_load():
    """answers, /metrics, status file, status and log agree on every event of a mixed load"""
    with daemon() as ledger:
        mixed_load(ledger)
        print(f"     seed {seed}: {sum(ledger.statuses.values())} answers {dict(sorted(ledger.statuses.items()))}")
        print(f"     {dict(ledger.total)}")
        assert all(ledger.total[name] for name in NAMES if name != "unavailable"), ledger.total


def a_full_disk():
    """what is refused for want of room counts as unavailable, with Retry-After, and status says why"""
    with daemon(MILLRACE_LOG_MIN_FREE_MIB="1048576") as ledger:
        for _ in range(3):
            answer = ledger.take(post({"events": [event(), event(), {}]}, BATCH), 503)
            assert answer.verdict() == {"unavailable": 2, "invalid": 1}, answer
            assert int(answer.headers["retry-after"]) >= 1 and answer.json()["status"] == 503, answer
            ledger.take(post(event(), BEACON, User_Agent=ROBOT), 503)
        ledger.take(post({}), 400)
        with Wire(place.root / "run/stream.sock") as wire:
            lines = [json.dumps(event()) for _ in range(5)] + ["{}"]
            wire.send("\n".join([json.dumps({"key": keys["secret"]}), *lines, ""]).encode())
            said = list(iter(wire.line, None))
        assert "error" in said[-1] and not any("acked" in one for one in said), said
        ledger.add(unavailable=5, invalid=1)
        said = stream_at_once("\n".join(lines[:5]), keys["secret"])
        assert said.startswith("HTTP/1.1 503") and "Retry-After: 1" in said and "unavailable=5" in said, said
        ledger.add(unavailable=5)
        shown = place.tool("status")
        assert "min_free_mib" in shown, f"status does not say that the disk is short:\n{shown}"


def what_the_loader_stored():
    """stored, late duplicates and dead letters are what the daemon took"""
    lost = place.json("project", "create", "lost")
    keys["lost"] = lost["secret_key"]
    with daemon() as ledger:
        wait_until(lambda: post(event(), key="lost").status == 202, 5, "the new key is not known")
        ledger.add(accepted=1, invalid=metrics()[0]["invalid"])
        for body in keys["again"]:
            ledger.take(post({"events": [body, body]}, BATCH), 202)
        ledger.take(post({"events": [event() for _ in range(9)]}, BATCH, "lost"), 202)
        assert ledger.total["duplicate"] == len(keys["again"]), ledger.total
        ledger.take(post({}), 400)
    with contextlib.closing(sqlite3.connect(place.root / "lib/control.sqlite")) as database, database:
        for table in ["api_keys", "projects"]:
            database.execute(f"DELETE FROM {table} WHERE project_id = ?", (lost["project_id"],))
    place.start("millrace-load", "--once")
    code = place.running.pop("millrace-load").wait(120)
    assert code == 0, place.output("millrace-load")[-2_000:]
    taken = sum(events["accepted"] + events["bot"] for _, events, _ in runs)
    stored = place.json("sql", "SELECT count(*) AS count, count(DISTINCT id) AS ids FROM events")[0]
    with contextlib.closing(sqlite3.connect(place.root / "lib/control.sqlite")) as database:
        letters, = database.execute("SELECT count(*) FROM dead_letters WHERE kind = 'record'").fetchone()
    beacons = place.json("status")["beacons"]
    assert stored["count"] == stored["ids"] == beacons["loaded"], (stored, beacons)
    assert beacons["late_duplicate"] == len(keys["again"]) and letters == 10, (beacons, letters)
    assert stored["count"] + beacons["late_duplicate"] + letters == taken == len(log()), (stored, beacons, taken)
    print(f"     {taken} taken = {stored['count']} stored + {beacons['late_duplicate']} late + {letters} dead letters")


with place:
    random.seed(seed)
    text = place.config.read_text()
    place.config.write_text(text.replace("per_address = 0", f"per_address = {PER_ADDRESS}"))
    place.tool("migrate")
    made = place.json("project", "create", "site")
    keys.update(public=made["public_key"], secret=made["secret_key"])
    keys["shop"] = place.json("project", "create", "shop", "--domain", "shop.example")["public_key"]
    run([a_mixed_load, a_full_disk, what_the_loader_stored])
