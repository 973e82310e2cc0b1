"""The rules of beacons on a real daemon: what it answers, what it keeps, and how it stops.

Usage: beacons.py [--programs DIR]
"""

import argparse
import contextlib
import datetime
import json
import signal
import threading
import time
import uuid

from installation import Installation, run, wait_until
from wire import Wire, ask, request

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()
TRACK, BATCH, BEACON = "/api/v1/track", "/api/v1/track/batch", "/b"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
place = Installation(programs=options.programs)
keys = {}


def event(**members):
    return {"event_type": "click", "id": str(uuid.uuid4()), **members}


def post(body, path=TRACK, key="public", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(place.port, path, body, {"X-API-Key": keys[key] if key else None, **headers})


def stored(*ids):
    """The stored events with these ids, as the log shows them, in the order of the ids."""
    found = {}
    for line in place.tool("log", "dump", "--json").splitlines():
        record = json.loads(line)
        found.setdefault(record["event"]["id"], []).append(record)
    for wanted in ids:
        assert len(found.get(wanted, [])) == 1, f"{wanted} is stored {len(found.get(wanted, []))} times"
    return [found[wanted][0] for wanted in ids]


def kept(body, path=TRACK, key="public", **headers):
    """Sends one event that has to be accepted, and gives what was stored of it."""
    answer = post(body, path, key, **headers)
    assert answer.status == 202 and answer.verdict() == {"accepted": 1}, answer
    return stored(body["id"])[0]["event"]


def refused(body, field, status=400, **keywords):
    answer = post(body, **keywords)
    assert answer.status == status, (answer, str(body)[:200])
    assert answer.headers["content-type"] == "application/problem+json", answer
    problem = answer.json()
    assert problem["status"] == status and problem["detail"], problem
    assert field is None or problem.get("field") == field, (problem, field)
    return problem


def iso(**shift):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**shift)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()


def one_event():
    """one event is answered 202 with its verdict and stored as it came, with what the daemon adds"""
    body = event(
        user_id="v_1", session_id="s_1", url="https://shop.example/a", referrer="https://other.example/",
        properties={"plan": "pro", "n": 3, "deep": {"a": [1]}}, element_path="main > a", element_type="button",
        element_text="Käufen", component_id="hero", coordinates={"x": 10, "y": 20.5},
        viewport_size={"width": 1280, "height": 720}, event_data={"hesitation_ms": 2300}, metadata={"a": 1},
        session={"landing_page": "https://shop.example/", "screen_resolution": "1x1", "language": "de"},
        exit={"page": "https://shop.example/b", "reason": "close"}, funnel={"name": "f", "step": "s", "order": 2},
        variant={"test_id": "t", "variant": "B"}, unheard_of=[1, {"b": None}])
    answer = post(body, User_Agent=BROWSER)
    assert answer.status == 202 and answer.json() == {"accepted": 1, "rejected": []}, answer
    assert answer.headers["millrace-verdict"] == \
        "accepted=1; duplicate=0; bot=0; invalid=0; limited=0; unavailable=0", answer
    record, = stored(body["id"])
    got = record["event"]
    assert record["project_id"] == keys["project_id"] and abs(age(record["received_at"])) < 60, record
    for name in ["event_type", "user_id", "session_id", "url", "referrer", "element_path", "element_type",
                 "element_text", "component_id", "coordinates", "viewport_size", "event_data", "exit", "funnel",
                 "variant"]:
        assert got[name] == body[name], (name, got[name])
    assert {name: got["session"][name] for name in body["session"]} == body["session"], got
    assert got["session"]["device_type"] == "desktop" and got["user_agent"] == BROWSER, got
    assert got["metadata"] == {"a": 1, "unheard_of": [1, {"b": None}]}, got
    assert got["properties"]["plan"] == "pro" and json.loads(got["properties"]["n"]) == 3, got
    assert json.loads(got["properties"]["deep"]) == {"a": [1]}, got
    assert len(got["ip_hash"]) == 32 and "127.0.0.1" not in json.dumps(record), got


def batches():
    """a batch keeps the good ones, names the bad ones, and is refused where all are bad or there is none"""
    good, other = event(), event(user_id="v")
    answer = post({"events": [good, event(timestamp="yesterday"), other, {"user_id": "v"}, 7]}, BATCH)
    assert answer.status == 202 and answer.verdict() == {"accepted": 2, "invalid": 3}, answer
    rejected = [(row["index"], row.get("field")) for row in answer.json()["rejected"]]
    assert rejected[:2] == [(1, "timestamp"), (3, "event_type")] and rejected[2][0] == 4, answer
    assert all(row["error"] for row in answer.json()["rejected"]) and answer.json()["accepted"] == 2, answer
    stored(good["id"], other["id"])
    answer = post({"events": [event() for _ in range(1_000)]}, BATCH)
    assert answer.status == 202 and answer.verdict() == {"accepted": 1_000}, answer
    refused({"events": [event() for _ in range(1_001)]}, None, path=BATCH)
    refused({"events": []}, "events", path=BATCH)
    refused({}, "events", path=BATCH)
    answer = post({"events": [event(id="no uuid"), {}]}, BATCH)
    assert answer.status == 400 and answer.verdict() == {"invalid": 2} and len(answer.json()["rejected"]) == 2, answer


def beacons():
    """/b takes one event or a batch, as text or JSON, key in the query or the body, and answers 204"""
    first, second, third = event(), event(), event()
    answer = ask(place.port, f"{BEACON}?k={keys['public']}", first, {"Content-Type": "text/plain;charset=UTF-8"})
    assert answer.status == 204 and answer.body == b"" and answer.verdict() == {"accepted": 1}, answer
    assert "content-length" not in answer.headers, answer
    answer = ask(place.port, BEACON, {"key": keys["public"], "events": [second, {}]}, {"Content-Type": "text/plain"})
    assert answer.status == 204 and answer.verdict() == {"accepted": 1, "invalid": 1}, answer
    answer = ask(place.port, BEACON, {**third, "key": keys["public"]}, {"Content-Type": None})
    assert answer.status == 204, answer
    for record in stored(first["id"], second["id"], third["id"]):
        assert keys["public"] not in json.dumps(record), record
    assert post({}, BEACON).status == 400


def keys_and_their_places():
    """the key is taken from its four places; none, an unknown and a revoked one are 401"""
    for headers, query, members in [
            ({"X-API-Key": keys["public"]}, "", {}), ({"Authorization": f"Bearer {keys['secret']}"}, "", {}),
            ({}, f"?a=b&k={keys['public']}", {}), ({}, "", {"key": keys["public"]})]:
        body = event(**members)
        answer = ask(place.port, TRACK + query, body, headers)
        assert answer.status == 202, answer
        stored(body["id"])
    for key in [None, "pk_live_unknown", "x" * 5_000]:
        answer = ask(place.port, TRACK, event(), {"X-API-Key": key})
        assert answer.status == 401 and answer.verdict() == {"invalid": 1}, answer
    made = place.json("project", "key", "create", "--project", keys["project_id"])
    text = next(value for name, value in made.items() if str(value).startswith(("pk_", "sk_")))
    keys["revoked"] = text
    wait_until(lambda: post(event(), key="revoked").status == 202, 3, "a new key is not known")
    place.tool("project", "key", "revoke", made.get("key_id") or made["id"])
    wait_until(lambda: post(event(), key="revoked").status == 401, 2, "a revoked key is still taken")


def origins():
    """an origin has to be the project's; a preflight is answered for any project's, without a key"""
    for origin, key, status in [
            ("https://shop.example", "shop", 202), ("https://SHOP.example:8443", "shop", 202),
            ("https://www.shop.example", "shop", 202), ("https://evilshop.example", "shop", 403),
            ("https://shop.example.evil.example", "shop", 403), ("null", "shop", 403), (None, "shop", 202)]:
        answer = post(event(), key=key, Origin=origin)
        assert answer.status == status, (origin, answer)
        assert answer.verdict() == ({"accepted": 1} if status == 202 else {"invalid": 1}), answer
        if status == 202 and origin:
            assert answer.headers["access-control-allow-origin"] == origin, answer
            assert "millrace-verdict" in answer.headers["access-control-expose-headers"].lower(), answer
    preflight = {"Origin": "https://www.shop.example", "Access-Control-Request-Method": "POST"}
    for path in [TRACK, BATCH, BEACON]:
        answer = ask(place.port, path, b"", preflight, "OPTIONS")
        assert answer.status == 204 and "X-API-Key" in answer.headers["access-control-allow-headers"], answer
        assert answer.headers["access-control-allow-origin"] == "https://www.shop.example", answer


def limits():
    """bodies, media types, texts, numbers and depth have their limits"""
    big = event(metadata={"text": "x" * (1 << 20)})
    for path, body in [(TRACK, big), (BEACON, event(metadata={"text": "x" * 65_536})),
                       (BATCH, {"events": [event(metadata={"text": "x" * (5 << 20)})]})]:
        answer = post(body, path)
        assert answer.status == 413 and answer.verdict() == {"invalid": 1}, answer
    assert post(event(metadata={"text": "x" * 60_000}), BEACON).status == 204
    for path, kind, status in [(TRACK, "text/plain", 415), (TRACK, "image/png", 415), (BEACON, "image/png", 415),
                               (TRACK, None, 202), (TRACK, "application/json; charset=utf-8", 202)]:
        answer = post(event(), path, Content_Type=kind)
        assert answer.status == status, (path, kind, answer)
    long = {"event_type": 100, "user_id": 255, "session_id": 255, "url": 2_048, "referrer": 2_048,
            "element_path": 1_024, "element_text": 1_024}
    for field, size in long.items():
        assert kept(event(**{field: "ü" * size}))[field] == "ü" * size, field
        refused(event(**{field: "ü" * (size + 1)}), field)
    refused(event(event_type=""), "event_type")
    refused(event(properties={str(n): "v" for n in range(65)}), "properties")
    refused(event(properties={"k": "x" * 8_192}), "properties")
    assert len(kept(event(properties={"k": "x" * 8_191}))["properties"]["k"]) == 8_191
    assert kept(event(metadata=nested(7)))["metadata"] == nested(7)
    refused(event(metadata=nested(8)), None)
    assert kept(event(), User_Agent="Mozilla/5.0 " + "a" * 900)["user_agent"] == "Mozilla/5.0 " + "a" * 500


def nested(levels):
    return {"a": nested(levels - 1)} if levels > 1 else {}


def bad_events():
    """what is no event is refused with the field, what is no JSON with the byte"""
    for members, field in [
            ({"event_type": None}, "event_type"), ({"event_type": 7}, "event_type"), ({"id": "7"}, "id"),
            ({"exit": {"reason": "boredom"}}, "exit.reason"),
            ({"variant": {"test_id": "t", "variant": "C"}}, "variant.variant"),
            ({"session": {"device_type": "watch"}}, "session.device_type"), ({"coordinates": [1, 2]}, "coordinates"),
            ({"properties": "x"}, "properties"), ({"url": "a\0b"}, "url"), ({"user_id": 7}, "user_id"),
            ({"metadata": 7}, "metadata"), ({"timestamp": True}, "timestamp")]:
        refused(event(**members), field)
    refused(b'{"event_type":"a","user_id":"b","user_id":"b"}', "user_id")
    for text, byte in [(b'{"event_type":"a"', 17), (b'{"event_type":"a"} x', 19), (b"", 0), (b"nonsense", 0),
                       (b'{"event_type":"\xff"}', 15), (b'{"event_type":"\\ud800"}', 15)]:
        answer = post(text)
        assert answer.status == 400 and answer.verdict() == {"invalid": 1}, (text, answer)
        assert abs(answer.json()["byte"] - byte) <= 1, (text, answer)
    null = event(user_id=None, url=None, session=None, coordinates=None, properties=None, exit=None, timestamp=None)
    assert kept(null)["url"] == ""


def identities():
    """a public key's visitor without an id gets one for the day; a secret key's stays null"""
    first, again = (kept(event(), User_Agent=BROWSER) for _ in range(2))
    assert first["user_id"] == again["user_id"] and first["user_id"].startswith("v_"), first
    other = kept(event(), User_Agent=BROWSER, X_Forwarded_For="203.0.113.9")
    assert other["user_id"] != first["user_id"] and other["ip_hash"] != first["ip_hash"], other
    spoofed = kept(event(), User_Agent=BROWSER, X_Forwarded_For="198.51.100.1, 203.0.113.9, 127.0.0.1")
    assert spoofed["ip_hash"] == other["ip_hash"], "the address is not the right-most untrusted one"
    server = kept(event(), key="secret", User_Agent=BROWSER)
    assert server.get("user_id") is None and server.get("session_id") is None, server
    bare = {"event_type": "unique_" + uuid.uuid4().hex}
    assert post(bare).status == 202
    found = [json.loads(line)["event"] for line in place.tool("log", "dump", "--json").splitlines()]
    given, = [one["id"] for one in found if one["event_type"] == bare["event_type"]]
    assert uuid.UUID(given).version == 7, given
    unix = kept_over(place.root / "run/ingest.sock", {"X-Forwarded-For": "203.0.113.9", "User-Agent": BROWSER})
    assert unix["ip_hash"] == other["ip_hash"], unix


def kept_over(socket, headers):
    body = event()
    answer = ask(socket, TRACK, body, {"X-API-Key": keys["public"], **headers})
    assert answer.status == 202, answer
    return stored(body["id"])[0]["event"]


def robots():
    """known crawlers are kept, marked and counted apart"""
    body = event()
    answer = post(body, User_Agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert answer.status == 202 and answer.json() == {"accepted": 0, "rejected": []}, answer
    assert answer.verdict() == {"bot": 1} and stored(body["id"])[0]["event"]["bot"] is True, answer


def duplicates():
    """an id that was durable a moment ago is a duplicate, within its project only"""
    body = event()
    assert post(body).verdict() == {"accepted": 1}
    answer = post(body)
    assert answer.status == 202 and answer.verdict() == {"duplicate": 1}, answer
    assert answer.json() == {"accepted": 0, "rejected": []}, answer
    assert post(body, key="shop").verdict() == {"accepted": 1}
    twice = event()
    assert post({"events": [twice, twice]}, BATCH).verdict() == {"accepted": 1, "duplicate": 1}
    stored(twice["id"])


def timestamps():
    """times are taken within their bounds, less the browser's clock error where sent_at tells it"""
    assert abs(age(kept(event())["timestamp"])) < 60
    past = iso(hours=-30)
    assert kept(event(timestamp=past))["timestamp"] == past
    assert abs(age(kept(event(timestamp=int((time.time() - 3_600) * 1_000)))["timestamp"]) - 3_600) < 60
    assert age(kept(event(timestamp=iso(minutes=4)))["timestamp"]) >= 0, "a time ahead is not the time received"
    refused(event(timestamp=iso(minutes=6)), "timestamp")
    refused(event(timestamp=iso(days=-8)), "timestamp")
    assert kept(event(timestamp=iso(days=-8)), key="secret")
    refused(event(timestamp=iso(days=-100)), "timestamp", key="secret")
    assert abs(age(kept(event(timestamp=iso(hours=-5), sent_at=iso(hours=-4)))["timestamp"]) - 3_600) < 60
    batch = event(timestamp=iso(hours=5))
    assert post({"events": [batch], "sent_at": iso(hours=6)}, BATCH).status == 202
    assert abs(age(stored(batch["id"])[0]["event"]["timestamp"]) - 3_600) < 60
    zoned = event(timestamp=datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=5))).isoformat())
    assert abs(age(kept(zoned)["timestamp"])) < 60


def global_privacy_control():
    """with GPC nothing of the visitor is kept, whether the header or the event says so"""
    personal = dict(
        user_id="v", session_id="s", element_text="t", properties={"a": "b"}, url="https://a.example/p?utm_source=x",
        funnel={"name": "f", "step": "s", "order": 1}, variant={"test_id": "t", "variant": "A"})
    for body, headers in [(event(**personal), {"Sec_GPC": "1"}), (event(**personal, gpc=True), {})]:
        got = kept(body, User_Agent=BROWSER, **headers)
        for name in ["user_id", "session_id", "ip_hash", "user_agent", "element_text", "properties", "funnel",
                     "variant"]:
            assert not got.get(name), (name, got)
        assert got["url"] == "https://a.example/p" and got["gpc"] is True, got
    assert kept(event(**personal), Sec_GPC="0")["user_id"] == "v"


def urls():
    """of a query only utm_* and ref are kept; a fragment where it is a route"""
    for url, expected in [
            ("https://a.example/p?token=1&utm_source=x&mail=a@b&ref=y&utm_medium=", "https://a.example/p?utm_source=x&ref=y&utm_medium="),
            ("https://a.example/p?token=1#top", "https://a.example/p"), ("https://a.example/#/r", "https://a.example/#/r"),
            ("https://a.example/?q#!r", "https://a.example/#!r"), ("/p?reference=1", "/p"), ("https://a.example", "https://a.example")]:
        got = kept(event(url=url, referrer=url, session={"landing_page": url}))
        assert got["url"] == expected and got["referrer"] == expected, (url, got)
        assert got["session"]["landing_page"] == expected, (url, got)
    assert kept(event(page_url="https://a.example/q"))["url"] == "https://a.example/q"


def stream():
    """the stream socket acknowledges durable lines by number, names bad ones, and refuses a bad key"""
    path = place.root / "run/stream.sock"
    good = [event(user_id=f"v{n}") for n in range(3_000)]
    lines = [json.dumps(one) for one in good]
    lines[1_000] = '{"event_type": '
    with Wire(path) as wire:
        wire.send(json.dumps({"key": keys["secret"]}).encode() + b"\n")
        data = ("\n".join(lines) + "\n").encode()
        threading.Thread(target=wire.send, args=(data,), daemon=True).start()
        acked, errors = 0, []
        while acked < len(lines):
            answer = wire.line()
            assert answer is not None, "the stream ended early"
            if "acked" in answer:
                assert answer["acked"] > acked, (answer, acked)
                acked = answer["acked"]
            else:
                errors.append(answer)
    assert acked == len(lines) and [one["line"] for one in errors] == [1_001] and errors[0]["error"], (acked, errors)
    stored(*(one["id"] for one in good[:1_000] + good[1_001:]))
    for first in [b'{"key": "sk_live_unknown"}\n', b"nonsense\n", b'{"event_type": "a"}\n']:
        with Wire(path) as wire:
            wire.send(first)
            assert "error" in wire.line() and wire.line() is None


def pipelining_and_pieces():
    """pipelined requests are answered in order; requests may come in any pieces, also in chunks"""
    bodies = [event() for _ in range(200)]
    with Wire(place.port) as wire:
        parts = []
        for number, body in enumerate(bodies):
            headers = {"X-API-Key": keys["public"]} if number % 5 else {}
            parts.append(request(TRACK, body, headers))
        data = b"".join(parts)
        threading.Thread(target=wire.send, args=(data,), daemon=True).start()
        statuses = [wire.answer().status for _ in bodies]
    assert statuses == [202 if number % 5 else 401 for number in range(200)], statuses
    stored(*(body["id"] for number, body in enumerate(bodies) if number % 5))
    for cut in [1, 7, 64]:
        body = event(url="https://a.example/ü")
        data = request(TRACK, body, {"X-API-Key": keys["public"]})
        with Wire(place.port) as wire:
            for start in range(0, len(data), cut):
                wire.send(data[start:start + cut])
                time.sleep(0.0005)
            assert wire.answer().status == 202
        stored(body["id"])
    body = event()
    text = json.dumps(body).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (text[:5], text[5:30], text[30:]))
    headers = {"X-API-Key": keys["public"], "Content-Length": None, "Transfer-Encoding": "chunked"}
    with Wire(place.port) as wire:
        wire.send(request(TRACK, b"", headers) + chunks + b"0\r\n\r\n" + request("/health", method="GET"))
        assert wire.answer().status == 202 and wire.answer().status == 200
    stored(body["id"])
    with Wire(place.port) as wire:
        wire.send(request(TRACK, b"", {"Transfer-Encoding": "chunked", "Content-Length": "5"}))
        assert wire.answer().status == 400 and wire.answer() is None
    with Wire(place.port) as wire:
        wire.send(request(TRACK, b"", {"Content-Length": "100", "Expect": "100-continue", "X-API-Key": keys["public"]}))
        assert wire.answer(has_body=False).status == 100


def slow_senders():
    """who sends a head too slowly is answered 408 while others are served; an early end is no harm"""
    with Wire(place.port) as slow:
        slow.send(b"POST /api/v1/track HTTP/1.1\r\nHost: h\r\n")
        with Wire(place.port) as rude:
            rude.send(b"POST /api/v1/tr")
        assert post(event()).status == 202
        answer = slow.answer()
        assert answer.status == 408 and answer.headers["connection"] == "close" and slow.answer() is None, answer


def other_paths():
    """/health answers, an unknown path is 404, a wrong method 405"""
    answer = ask(place.port, "/health", method="GET")
    assert answer.status == 200 and answer.json()["status"] == "ok", answer
    assert ask(place.port, "/health", method="HEAD").status == 200
    assert ask(place.port, "/nothing", method="GET").status == 404
    answer = ask(place.port, TRACK, method="GET")
    assert answer.status == 405 and "POST" in answer.headers["allow"], answer
    assert "millrace_events_total" in ask(place.port, "/metrics", method="GET").body.decode()
    answer = ask(place.port, "/metrics", headers={"X-Forwarded-For": "203.0.113.9"}, method="GET")
    assert answer.status in (401, 403), answer


def every_event_is_counted_once():
    """the daemon's counters add up to what was answered, and its sample of refusals holds nothing personal"""
    before = settled()
    post({"events": [event(), {"user_id": "secret-person"}, event(timestamp="x")]}, BATCH)
    post(b"secret-person")
    after = settled()
    grown = {name: count - before["beacons"][name] for name, count in after["beacons"].items() if name != "since"}
    assert {name: count for name, count in grown.items() if count} == {"accepted": 1, "invalid": 3}, grown
    assert len(after["refused_sample"]) <= 100 and "secret-person" not in json.dumps(after), after["refused_sample"]


def settled():
    """The status file once it stands still."""
    last = None
    for _ in range(10):
        time.sleep(1.2)
        now = json.loads((place.root / "run/status/millraced.json").read_text())
        if now == last:
            return now
        last = now
    return last


def a_signal_reloads():
    """SIGHUP reloads limits and log level, and says what it cannot; limits are answered 429"""
    text = place.config.read_text()
    changed = text.replace("per_key = 0", "per_key = 10").replace('[ingest]\n', '[ingest]\nmax_age_days = 3\n')
    place.config.write_text('log_level = "debug"\n' + changed)
    place.running["millraced"].send_signal(signal.SIGHUP)
    wait_until(lambda: "ingest.max_age_days" in place.output("millraced"), 10, "it does not say what it cannot",
               lambda: place.output("millraced")[-1_000:])
    answers = [post(event(), key="secret") for _ in range(12)]
    assert [one.status for one in answers] == [202] * 10 + [429] * 2, [one.status for one in answers]
    assert answers[-1].verdict() == {"limited": 1} and int(answers[-1].headers["retry-after"]) >= 1, answers[-1]
    answer = post({"events": [event() for _ in range(15)]}, BATCH, key="shop")
    assert answer.status == 202 and answer.verdict() == {"accepted": 10, "limited": 5}, answer
    assert answer.json()["rejected"][0] == {"index": 10, "error": "limited"}, answer
    place.config.write_text("nonsense")
    place.running["millraced"].send_signal(signal.SIGHUP)
    wait_until(lambda: "level=error" in place.output("millraced"), 10, "it does not say that the file is broken")
    assert ask(place.port, "/health", method="GET").status == 200
    place.config.write_text(text)
    place.running["millraced"].send_signal(signal.SIGHUP)
    wait_until(lambda: post(event(), key="secret").status == 202, 10, "the limit is not taken away")


def a_graceful_stop():
    """a stop answers what was begun, the last with Connection: close, and leaves new connections unanswered"""
    idle, begun, busy = Wire(place.port), Wire(place.port), [Wire(place.port) for _ in range(20)]
    idle.send(request(TRACK, event(), {"X-API-Key": keys["public"]}))
    assert idle.answer().status == 202
    body = event()
    data = request(TRACK, body, {"X-API-Key": keys["public"]})
    begun.send(data[:1])
    bodies = [[event() for _ in range(10)] for _ in busy]
    for wire, events in zip(busy, bodies):
        wire.send(b"".join(request(TRACK, one, {"X-API-Key": keys["public"]}) for one in events))
    time.sleep(0.2)  # until the first byte was read
    process = place.running["millraced"]
    process.send_signal(signal.SIGTERM)
    time.sleep(0.6)
    assert process.poll() is None, "it did not wait for the request that had begun"
    try:
        late = Wire(place.port, timeout=1)
        late.send(request(TRACK, event(), {"X-API-Key": keys["public"]}))
    except OSError:
        late = None
    assert idle.answer() is None, "an idle connection was not ended"
    begun.send(data[1:])
    answer = begun.answer()
    assert answer.status == 202 and answer.headers.get("connection") == "close" and begun.answer() is None, answer
    for wire in busy:
        assert [wire.answer().status for _ in range(10)] == [202] * 10 and wire.answer() is None
    for wire in [idle, begun, *busy]:
        wire.__exit__()
    assert process.wait(15) == 0, place.output("millraced")[-1_000:]
    with contextlib.suppress(OSError):
        assert not late or late.answer() is None, "a connection that came after the stop was served"
    del place.running["millraced"]
    stored(body["id"], *(one["id"] for events in bodies for one in events))


with place:
    place.tool("migrate")
    made = place.json("project", "create", "open")
    keys.update(public=made["public_key"], secret=made["secret_key"], project_id=made["project_id"])
    shop = place.json("project", "create", "shop", "--domain", "shop.example", "--domain", "*.shop.example")
    keys["shop"] = shop["public_key"]
    place.start("millraced")
    place.until_healthy()
    run([
        one_event, batches, beacons, keys_and_their_places, origins, limits, bad_events, identities, robots,
        duplicates, timestamps, global_privacy_control, urls, stream, pipelining_and_pieces, slow_senders, other_paths,
        every_event_is_counted_once, a_signal_reloads, a_graceful_stop,
    ])
