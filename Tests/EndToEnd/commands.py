"""The operator's commands on a running installation: what they print, refuse and end with.

Usage: commands.py [--programs DIR]
"""

import argparse
import contextlib
import csv
import http.client
import io
import json
import os
import re
import socket
import threading
import uuid

from installation import Installation, run, wait_until

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()

FULL = {
    "id": "018c2f4e-7a10-7000-8000-000000000001", "event_type": "click", "user_id": "v_1", "session_id": "s_1",
    "url": "https://shop.example/p#/cart?x", "referrer": "https://news.example/ä\"\\",
    "properties": {"plan": "pro", "text": "a,\"b\"\r\n\u2028\t😀", "empty": ""},
    "element_path": "main > form > button.cta", "element_type": "button", "element_text": "Buy \u0001 now",
    "component_id": "hero", "coordinates": {"x": 10.25, "y": -0.5}, "viewport_size": {"width": 1280, "height": 720},
    "event_data": {"hesitation_ms": 2300, "percentage": 62.5, "list": [1, 2.5e-7, None, {"a": True}]},
    "metadata": {"nested": {"deep": ["ü"]}},
    "session": {"landing_page": "https://shop.example/", "screen_resolution": "2560x1440", "language": "en-GB",
                "device_type": "desktop"},
    "exit": {"page": "https://shop.example/p", "reason": "close"},
    "funnel": {"name": "lead_capture", "step": "form", "order": 2}, "variant": {"test_id": "hero_cta", "variant": "B"}}
ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def installation(**keywords):
    return Installation(programs=options.programs, **keywords)


@contextlib.contextmanager
def running(**keywords):
    """An installation with a project whose daemon and loader run; gives it and the secret key."""
    with installation(**keywords) as place:
        place.tool("migrate")
        keys = place.json("project", "create", "site", "--domain", "shop.example")
        place.start("millraced")
        place.until_healthy()
        place.start("millrace-load")
        yield place, keys


def send(place, key, *events):
    """Sends events through the stream socket and gives what `send --json` said."""
    def is_known():
        versions = [
            json.loads((place.root / name).read_text())[member] for name, member in
            [("run/status/millraced.json", "snapshot_version"), ("lib/snapshot/projects.json", "version")]]
        return versions[0] >= versions[1]
    wait_until(is_known, 5, "the daemon does not read the new keys")
    file = place.root / "key"
    file.write_text(key + "\n")
    lines = "".join(json.dumps(event) + "\n" for event in events)
    return json.loads(place.tool("send", "-", "--key-file", file, "--json", text_input=lines))


def loaded(place):
    def is_loaded():
        log = place.json("status")["log"]
        return log["last_sequence"] == log["loaded_sequence"]
    wait_until(is_loaded, 30, "not everything was loaded", lambda: place.output("millrace-load")[-2000:])


def refused(place, code, *arguments, words=(), **keywords):
    """Runs a command that must end with `code`, or one of them, and one sentence."""
    ended = place.tool(*arguments, check=False, **keywords)
    said = [line for line in ended.stderr.splitlines() if line.strip()]
    assert ended.returncode in (code if isinstance(code, tuple) else (code,)), (arguments, ended)
    assert len(said) == 1, (arguments, said)
    for word in words:
        assert word in said[0], (arguments, word, said)
    return said[0]


def sql_shows_everything_but_secrets():
    """sql: types, times, CSV and JSON; events of several projects; no secret; nothing but reading"""
    with running() as (place, keys):
        other = place.json("project", "create", "second")
        send(place, keys["secret_key"], FULL, {"event_type": "page_view", "user_id": "v_2"})
        send(place, other["secret_key"], {"event_type": "page_view", "user_id": "v_3"})
        loaded(place)
        rows = place.json("sql", "SELECT project_id, count(*) AS n FROM events GROUP BY ALL ORDER BY n")
        assert rows == [{"project_id": other["project_id"], "n": 1}, {"project_id": keys["project_id"], "n": 2}], rows
        row = place.json(
            "sql", "SELECT *, 1.5::DOUBLE AS real, true AS yes, 12.50::DECIMAL(9,2) AS money, DATE '2025-01-02' AS day "
            "FROM events WHERE event_type = 'click'")[0]
        assert row["id"] == FULL["id"] and row["coordinates"] == FULL["coordinates"], row
        assert ISO.match(row["timestamp"]) and ISO.match(row["received_at"]), row
        assert row["properties"] == FULL["properties"], row
        assert row["real"] == 1.5 and row["yes"] is True and row["day"] == "2025-01-02", row
        assert float(row["money"]) == 12.5 and row["hesitation_ms"] == 2300 and row["bot"] is False, row
        assert place.json("sql", "SELECT user_id FROM events WHERE false") == []
        for table in ["user_sessions", "conversion_funnels", "a_b_tests", "jobs", "kv_entries", "projects"]:
            place.json("sql", f"SELECT * FROM {table}")
        assert ISO.match(place.json("sql", "SELECT created_at FROM projects LIMIT 1")[0]["created_at"])
        text = place.tool("sql", "--csv", "SELECT user_id, properties['text'] AS t, referrer FROM events ORDER BY 1")
        with io.StringIO(text, newline="") as file:
            table = list(csv.reader(file))
        assert table[0] == ["user_id", "t", "referrer"] and len(table) == 4, table
        assert table[1][2] == FULL["referrer"] and table[2][1:] == ["", ""], table
        no_secrets(place, keys)
        only_reading(place)


def no_secrets(place, keys):
    with_tables = place.json("sql", "SELECT DISTINCT table_name AS t FROM information_schema.tables")
    assert len(with_tables) > 10, with_tables
    for table in with_tables:
        shown = place.tool("sql", "--json", f'SELECT * FROM "{table["t"]}"')
        for secret in ["sha256:", "$2", keys["public_key"], keys["secret_key"]]:
            assert secret not in shown, (table, secret)


def only_reading(place):
    before = sorted(str(path) for path in place.root.rglob("*"))
    for statement in [
            "DELETE FROM jobs", "INSERT INTO projects SELECT * FROM projects", "CREATE TABLE t (n INT)",
            "DROP TABLE jobs", f"COPY events TO '{place.root}/out.csv'", f"ATTACH '{place.root}/x.db'",
            "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_csv('/etc/passwd')", "INSTALL httpfs",
            "SET enable_external_access = true", "SELECT 1; SELECT 2", "EXPORT DATABASE 'x'", "PRAGMA version; DROP TABLE jobs"]:
        refused(place, (64, 77), "sql", statement)
    assert sorted(str(path) for path in place.root.rglob("*")) == before, "a statement wrote a file"
    refused(place, 64, "sql", "SELECT nope FROM events", words=["nope"])
    refused(place, 77, "sql", "SELEC 1", words=["SELECT"])
    error = json.loads(refused(place, 64, "sql", "--json", "SELECT nope FROM events"))
    assert error["error"]["code"] == 64 and "nope" in error["error"]["message"], error


def log_tells_what_was_accepted():
    """log: status, verify, tail and dump in their forms; what dump prints is accepted again and means the same"""
    with running() as (place, keys):
        place.tool("log", "status")
        other = place.json("project", "create", "second")
        send(place, keys["secret_key"], FULL, {"event_type": "page_view", "gpc": True, "user_id": "v_2"})
        pretty = json.dumps({**FULL, "id": str(uuid.uuid4())}, indent=2)
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
        headers = {"Content-Type": "application/json", "X-API-Key": keys["secret_key"], "User-Agent": "Mozilla/5.0 x"}
        connection.request("POST", "/api/v1/track", pretty, headers)
        assert connection.getresponse().status == 202
        connection.close()
        dumped = [json.loads(line) for line in place.tool("log", "dump", "--json").split("\n") if line]
        assert [set(row) for row in dumped] == [{"sequence", "received_at", "project_id", "event"}] * 3, dumped
        assert [row["sequence"] for row in dumped] == [1, 2, 3]
        assert all(ISO.match(row["received_at"]) and row["project_id"] == keys["project_id"] for row in dumped)
        event = dumped[0]["event"]
        for name, value in FULL.items():
            assert event[name] == value or name == "url", (name, value, event[name])
        assert set(dumped[1]["event"]) == {"id", "event_type", "timestamp", "url", "event_data", "metadata", "gpc"}
        # What the daemon added is no member that a sender may name: it would be kept in `metadata`.
        own = [{name: value for name, value in row["event"].items()
                if name not in ("user_agent", "ip_hash", "country_code", "bot")} for row in dumped]
        answer = send(place, other["secret_key"], *own)
        assert answer == {"sent": 3, "accepted": 3, "refused": 0, "refusals": []}, answer
        again = [json.loads(line)["event"] for line in place.tool("log", "dump", "--from", 4, "--json").split("\n") if line]
        assert again == own, (own, again)
        assert len(place.tool("log", "tail", "-n", 2).splitlines()) == 2
        assert json.loads(place.tool("log", "tail", "-n", 1, "--json"))["sequence"] == 6
        assert place.tool("log", "dump", "--from", 7) == ""
        refused(place, 64, "log", "dump", "--from", 0)
        wait_until(
            lambda: place.json("log", "status")["durable_sequence"] == 6, 10, "the events are not said to be durable")
        status = place.json("log", "status")
        assert status["first_sequence"] == 1 and status["last_sequence"] == status["durable_sequence"] == 6, status
        sound = place.json("log", "verify")
        assert sound["records"] == 6 and sound["lost_records"] == 0 and sound["losses"] == [], sound
        for program in list(place.running):
            place.kill(program, 15)
        damage(place)


def damage(place):
    """A flipped bit is found, named and not printed as an event."""
    segment = sorted((place.root / "lib/log").glob("*.wal"))[0]
    content = bytearray(segment.read_bytes())
    content[content.index(b"lead_capture")] ^= 1
    segment.write_bytes(content)
    ended = place.tool("log", "verify", "--json", check=False)
    report = json.loads(ended.stdout)
    assert ended.returncode == 65 and report["lost_records"] >= 1, ended
    assert set(report["losses"][0]) == {"first_sequence", "last_sequence", "segment", "offset"}, report
    assert place.tool("log", "verify", check=False).returncode == 65
    ended = place.tool("log", "dump", "--json", check=False)
    lost = sum(loss["last_sequence"] - loss["first_sequence"] + 1 for loss in report["losses"])
    assert ended.returncode == 65 and ended.stdout.count("\n") == 6 - lost, ended
    assert segment.name in ended.stderr, ended.stderr


def doctor_finds():
    """doctor: says of each thing whether it is well, and how to mend it"""
    with running() as (place, keys):
        found = findings(place, 0)
        for check in ["configuration", "data_dir", "log", "events", "runtime_dir", "status", "disk", "libduckdb",
                      "database", "projects", "snapshot", "ingest.unix", "ingest.stream", "ingest.http"]:
            assert found[check]["state"] == "ok", found[check]
        assert found["api.listen"]["state"] == "warn" and found["api.listen"]["mend"], found["api.listen"]
        place.tool("project", "create", "open")
        assert "any host" in findings(place, 0)["project open"]["message"]
        snapshot = place.root / "lib/snapshot/projects.json"
        content = json.loads(snapshot.read_text())
        snapshot.write_text(json.dumps({**content, "version": content["version"] - 1}))
        assert findings(place, 0)["snapshot"]["state"] == "warn"
        snapshot.write_text("{")
        assert findings(place, 1)["snapshot"]["state"] == "fail"
        place.tool("jobs", "tick")
        assert findings(place, 0)["snapshot"]["state"] == "ok"
        place.kill("millraced", 15)
        found = findings(place, 0)
        for check in ["ingest.unix", "ingest.stream", "ingest.http"]:
            assert found[check]["state"] == "warn", found[check]
        broken = {"MILLRACE_LOG_MIN_FREE_MIB": "1048576", "MILLRACE_WAREHOUSE_DUCKDB_LIBRARY": "/nonexistent.so"}
        found = findings(place, 1, environment=broken)
        for check in ["disk", "libduckdb"]:
            assert found[check]["state"] == "fail" and found[check]["mend"], found[check]
    with installation() as place:
        found = findings(place, 1)
        for check in ["data_dir", "runtime_dir", "database", "disk"]:
            assert found[check]["state"] == "fail" and "millrace" in found[check]["mend"], found[check]


def findings(place, code, **keywords):
    ended = place.tool("doctor", "--json", check=False, **keywords)
    assert ended.returncode == code, ended
    plain = place.tool("doctor", check=False, **keywords)
    assert plain.returncode == code and "configuration" in plain.stdout, plain
    return {finding["check"]: finding for finding in json.loads(ended.stdout)}


def jobs_move():
    """jobs: columns by name, cancel and retry by the rules, a job that is not there"""
    with installation() as place:
        place.tool("migrate")
        assert place.json("jobs", "list") == []
        queued = place.json("jobs", "run", "aggregate")
        shown = place.json("jobs", "show", queued["id"])
        assert shown == queued, (shown, queued)
        for column in ["id", "kind", "slot", "payload", "state", "priority", "attempt", "max_attempts", "queued_at",
                       "run_at", "lease_owner", "leased_until", "heartbeat_at", "started_at", "finished_at", "progress",
                       "message", "errors", "result", "run_id", "asked_by"]:
            assert column in shown, column
        assert shown["payload"] == {} and shown["errors"] == [] and shown["asked_by"] == "cli", shown
        assert shown["slot"] == f"manual:{shown['id']}" and ISO.match(shown["queued_at"]), shown
        assert (place.root / "lib/wake/aggregate").exists()
        assert "retry" not in place.tool("jobs", "cancel", shown["id"])
        assert place.json("jobs", "list", "--state", "cancelled")[0]["id"] == shown["id"]
        assert place.json("jobs", "list", "--kind", "retain") == []
        place.tool("jobs", "retry", shown["id"])
        assert place.json("jobs", "show", shown["id"])["state"] == "available"
        refused(place, 1, "jobs", "retry", shown["id"])
        refused(place, 66, "jobs", "show", "job_none")
        refused(place, 66, "jobs", "cancel", "job_none")
        assert place.tool("jobs", "run", "nonsense", check=False).returncode == 64
        assert place.tool("jobs", "list", "--limit", "0", check=False).returncode == 64
        refused(place, 65, "jobs", "run", "aggregate", "--payload", "{")


def projects_and_keys():
    """project and key: JSON forms, a key's text only once, and what is not there"""
    with installation() as place:
        place.tool("migrate")
        refused(place, 66, "project", "key", "list")
        made = place.json("project", "create", "site", "--domain", "shop.example", "--domain", "*.shop.example")
        assert set(made) == {"project_id", "public_key", "secret_key"} and made["secret_key"].startswith("sk_"), made
        listed = place.json("project", "list")
        assert listed[0]["domains"] == ["shop.example", "*.shop.example"], listed
        key = place.json("project", "key", "create", "--kind", "secret", "--name", "import", "--project", "site")
        assert set(key) == {"key_id", "project_id", "kind", "key"} and key["kind"] == "secret", key
        shown = place.tool("project", "key", "list", "--json")
        assert key["key"] not in shown and len(json.loads(shown)) == 3, shown
        place.tool("project", "key", "revoke", key["key_id"])
        refused(place, 66, "project", "key", "revoke", "key_none")
        refused(place, 66, "project", "key", "list", "--project", "other", words=["other"])
        refused(place, 65, "project", "create", "site")
        refused(place, 65, "project", "create", "bad", "--domain", "https://shop.example/")
        database = (place.root / "lib/control.sqlite").read_bytes() + b"".join(
            path.read_bytes() for path in (place.root / "lib").glob("control.sqlite-*"))
        assert key["key"].encode() not in database and made["public_key"].encode() not in database


def keys_and_values():
    """kv: a value as it stands, its list, what is not there"""
    with installation() as place:
        place.tool("migrate")
        assert place.json("kv", "list") == []
        refused(place, 66, "kv", "get", "funnel:live", words=["funnel:live"])
        place.tool("project", "create", "site")
        place.tool("jobs", "run", "aggregate")
        worker = place.start("millrace-load", "--once")
        assert worker.wait(60) == 0
        assert place.start("millrace-aggregate").wait(60) == 0, place.output("millrace-aggregate")
        live = json.loads(place.tool("kv", "get", "funnel:live"))
        assert set(live) >= {"date", "summary", "variants", "engagement", "heatmap", "lastUpdated"}, live
        listed = {row["key"]: row for row in place.json("kv", "list", "funnel:li")}
        assert listed["funnel:live"]["value"] == live and ISO.match(listed["funnel:live"]["expires_at"]), listed
        assert all(key.startswith("funnel:li") for key in listed)
        assert place.json("kv", "list", "--namespace", "OTHER") == []
        assert len(place.json("kv", "list", "--limit", 1)) == 1


def send_tells_which_lines():
    """send: refused lines by their number in the file, a bad key, no daemon, no file"""
    with running() as (place, keys):
        lines = ['{"event_type": "a", "user_id": "v"}', "", "nonsense", '{"user_id": "v"}', '{"event_type": "b"}']
        ended = place.tool("send", "-", "--json", check=False, text_input="\n".join(lines))
        answer = json.loads(ended.stdout)
        assert ended.returncode == 65 and answer["sent"] == 4 and answer["accepted"] == 2, ended
        assert [refusal["line"] for refusal in answer["refusals"]] == [3, 4], answer
        assert "event_type" in answer["refusals"][1]["error"], answer
        file = place.root / "events"
        file.write_text('{"event_type": "c"}\n' * 60_000)
        assert place.json("send", file)["accepted"] == 60_000
        wrong = place.root / "wrong"
        wrong.write_text("sk_live_wrong")
        refused(place, 77, "send", file, "--key-file", wrong, words=["key"])
        refused(place, 66, "send", place.root / "absent", "--key-file", wrong, words=["absent"])
        place.kill("millraced", 15)
        refused(place, 69, "send", file, words=["millrace up"])
        refused(place, 69, "send", file, "--key-file", wrong, words=["millrace up"])


class FakeDaemon(threading.Thread):
    """Takes one stream and answers as it is told: `answer(number of complete event lines)` gives text, or None to close."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        path.parent.mkdir(exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answer, self.lines = answer, 0
        self.start()

    def run(self):
        connection = self.listener.accept()[0]
        self.listener.close()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            received = b""
            while True:
                part = connection.recv(1 << 16)
                received += part
                self.lines = max(0, received.count(b"\n") - 1)
                text = self.answer(self.lines, not part)
                if text is None:
                    return
                connection.sendall(text.encode())
                if not part:
                    return


def send_against_a_failing_daemon():
    """send: a log that takes nothing is 75, a stream that breaks 69, each with the line to go on from; a bounded window"""
    unavailable = '{"error": "the log cannot take events now; send them again later, with the same ids"}\n'
    cases = [
        (lambda lines, ended: '{"acked": 2}\n' + unavailable if lines >= 3 else "", 75, ["log cannot take", "from line 4"]),
        (lambda lines, ended: None if lines >= 3 else "", 69, ["closed the stream", "from line 1"]),
        (lambda lines, ended: '{"acked": 3}\n' if lines >= 3 else "", 0, []),
        (lambda lines, ended: "nonsense\n" + '{"acked": 3}\n' if lines >= 3 else "", 0, []),
    ]
    for answer, code, words in cases:
        with installation() as place:
            key = place.root / "key"
            key.write_text("sk_live_x")
            file = place.root / "events"
            file.write_text('{"event_type": "a"}\n\n' + '{"event_type": "a"}\n' * 2)
            daemon = FakeDaemon(place.root / "run/stream.sock", answer)
            if code:
                refused(place, code, "send", file, "--key-file", key, words=words)
            else:
                assert "3 events" in place.tool("send", file, "--key-file", key)
            daemon.join(10)
    with installation() as place:
        key = place.root / "key"
        key.write_text("sk_live_x")
        file = place.root / "events"
        file.write_text("{}\n" * 200_000)
        # Answers only when the sender waits: then as many lines as the window holds have come, and no more.
        seen = []

        def late(lines, ended):
            if lines > (seen[-1] if seen else 0) + 49_000:
                seen.append(lines)
                return '{"acked": %d}\n' % lines
            return '{"acked": %d}\n' % lines if lines == 200_000 else ""
        daemon = FakeDaemon(place.root / "run/stream.sock", late)
        assert "200,000 events" in place.tool("send", file, "--key-file", key)
        daemon.join(10)
        assert all(later - earlier <= 50_001 for earlier, later in zip([0, *seen], seen)), seen


def status_has_its_members():
    """status: the members that scripts read, while it runs and while nothing does"""
    with running() as (place, keys):
        # The assignment is to a test that does not exist: a dead letter, beside the event itself.
        send(place, keys["secret_key"], FULL, {**FULL, "event_type": "again"}, {"event_type": "page_view"})
        loaded(place)
        wait_until(lambda: place.json("status")["beacons"]["accepted"], 5, "the daemon's counters are not shown")
        status = place.json("status")
        assert status["daemon"]["running"] is True, status
        log = status["log"]
        assert (log["last_sequence"], log["durable_sequence"], log["loaded_sequence"]) == (2, 2, 2), log
        assert log["lag_seconds"] == 0, log
        counted = {name: status["beacons"][name] for name in [
            "accepted", "duplicate", "bot", "invalid", "limited", "unavailable", "late_duplicate", "dead_letters"]}
        assert counted == {"accepted": 2, "duplicate": 1, "bot": 0, "invalid": 0, "limited": 0, "unavailable": 0,
                           "late_duplicate": 0, "dead_letters": 1}, counted
        letters = place.json("sql", "SELECT * FROM dead_letters")
        assert len(letters) == 1 and "hero_cta" in json.dumps(letters), letters
        assert ISO.match(status["beacons"]["since"]) and status["dead_letters"] == 1, status
        assert status["jobs"] == [] and isinstance(status["sources"], dict) and status["disk"]["free_bytes"] > 0, status
        assert "running" in place.tool("status") and place.tool("status", "--line").startswith("daemon ok")
        for name in ["late_duplicate", "dead_letters", "lag_seconds"]:
            assert name in place.tool("status", "--help"), name
        place.kill("millraced")
        status = place.json("status")
        assert status["daemon"]["running"] is False and status["log"]["durable_sequence"] == 2, status
    with installation() as place:
        status = place.json("status")
        assert status["beacons"]["accepted"] is None and "migrate" in status["error"], status


run([
    sql_shows_everything_but_secrets, log_tells_what_was_accepted, doctor_finds, jobs_move, projects_and_keys,
    keys_and_values, send_tells_which_lines, send_against_a_failing_daemon, status_has_its_members,
])
