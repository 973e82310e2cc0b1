"""What `millrace up` promises: only its own programs count, what ends is started again, and its end leaves nothing.

Usage: supervisor.py [--programs DIR]
"""

import argparse
import contextlib
import http.client
import json
import os
import pty
import re
import select
import signal
import socket
import time
import uuid

from installation import Installation, programs_of, run, wait_until

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()
SERVICES = ["millraced", "millrace-load", "millrace-api"]


@contextlib.contextmanager
def installation(**keywords):
    """An installation whose end fails where a process of it is left, and ends that."""
    with Installation(programs=options.programs, **keywords) as place:
        try:
            yield place
        finally:
            place.tool("down", check=False)
            left = processes(place)
            for pid in left.values():
                os.kill(pid, signal.SIGKILL)
        assert not left, f"processes are left: {left}"


def processes(place):
    """The process ids of the installation's programs by their names; the tool's own is `millrace`."""
    return {words.split()[0].rsplit("/", 1)[-1]: pid for pid, words in programs_of(place.root)}


def status_pid(place, program):
    try:
        return json.loads((place.root / f"run/status/{program}.json").read_text())["pid"]
    except (OSError, ValueError):
        return None


def sentences(text):
    return [line for line in text.splitlines() if line.strip()]


def post(place, key, size=1):
    """Sends new events and gives their ids where they were acknowledged, else the status."""
    events = [{"id": str(uuid.uuid4()), "event_type": "click", "user_id": "v"} for _ in range(size)]
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    try:
        connection.request(
            "POST", "/api/v1/track/batch", json.dumps({"events": events}),
            {"Content-Type": "application/json", "X-API-Key": key})
        status = connection.getresponse().status
    finally:
        connection.close()
    return [event["id"] for event in events] if status == 202 else status


def stored(place):
    return [row["id"] for row in place.json("sql", "SELECT id FROM events")]


def an_occupied_port_ends_up():
    """a port that somebody else has ends `up` with its program's sentence and exit code, and leaves no process"""
    with installation() as first, installation() as second:
        first.tool("up", "--detach")
        # The other daemon and API answer on these ports, and are well.
        second.config.write_text(
            second.config.read_text().replace(str(second.port), str(first.port))
            .replace(str(second.api_port), str(first.api_port)))
        for flags in [["--detach"], []]:
            ended = second.tool("up", *flags, check=False)
            assert ended.returncode == 69, (flags, ended)
            last = sentences(ended.stderr)[-1]
            assert re.search("millrace: millrace(d|-api): .*is taken; ", last), last
            assert str(first.port) in last or str(first.api_port) in last, last
            assert "Running" not in ended.stdout, ended.stdout
            assert not processes(second), processes(second)
        assert set(processes(first)) == {"millrace", *SERVICES}, processes(first)


def a_listener_that_is_mute():
    """a listener that never answers is not waited for: `up` ends with 69"""
    with installation() as place, socket.socket() as listener:
        listener.bind(("127.0.0.1", place.port))
        listener.listen(1)
        ended = place.tool("up", "--detach", check=False)
        assert ended.returncode == 69 and str(place.port) in ended.stderr, ended


def a_second_up():
    """a second `up` ends with 75 and disturbs nothing; `down` twice is no error"""
    with installation() as place:
        place.tool("up", "--detach")
        before = processes(place)
        for flags in [["--detach"], []]:
            ended = place.tool("up", *flags, check=False)
            assert ended.returncode == 75 and "millrace down" in ended.stderr, ended
        assert processes(place) == before, (before, processes(place))
        assert "Everything has ended" in place.tool("down")
        assert not processes(place), processes(place)
        assert "Nothing runs" in place.tool("down")


def each_killed_program_comes_back():
    """each program that is killed is started again, and nothing acknowledged is lost"""
    with installation() as place:
        place.tool("up", "--detach")
        key = place.json("project", "create", "site")["secret_key"]
        acknowledged = []
        wait_until(lambda: taken(place, key, acknowledged), 10, "the daemon does not take the new key")
        for program in SERVICES:
            pid = processes(place)[program]
            os.kill(pid, signal.SIGKILL)
            wait_until(
                lambda: status_pid(place, program) not in (pid, None) and program in processes(place), 20,
                f"{program} was not started again")
            wait_until(lambda: taken(place, key, acknowledged), 10, "the daemon takes no events")
        place.tool("down")
        ids = stored(place)
        assert sorted(ids) == sorted(acknowledged), (len(ids), len(acknowledged))


def taken(place, key, acknowledged):
    try:
        ids = post(place, key, 20)
    except OSError:
        return False
    if isinstance(ids, int):
        return False
    acknowledged += ids
    return True


def a_killed_supervisor():
    """what a killed supervisor left is ended by the next `up`, or by `down`, and nothing is lost"""
    with installation() as place:
        place.tool("up", "--detach")
        key = place.json("project", "create", "site")["secret_key"]
        acknowledged = []
        wait_until(lambda: taken(place, key, acknowledged), 10, "the daemon does not take the new key")
        before = processes(place)
        os.kill(before["millrace"], signal.SIGKILL)
        place.tool("up", "--detach")
        after = processes(place)
        assert set(after) == set(before) and not set(after.values()) & set(before.values()), (before, after)
        assert taken(place, key, acknowledged)
        os.kill(after["millrace"], signal.SIGKILL)
        assert "left" in place.tool("down")
        assert not processes(place), processes(place)
        place.start("millrace-load", "--once")
        assert place.running.pop("millrace-load").wait(60) == 0
        assert sorted(stored(place)) == sorted(acknowledged)


def control_c():
    """Ctrl-C in a terminal ends everything with exit code 0 and leaves the line clean; so does SIGTERM"""
    for stop in ["\x03", signal.SIGTERM]:
        with installation() as place:
            terminal = Terminal(place)
            terminal.until("Ctrl-C ends it.", 60)
            terminal.until("daemon ok", 20)
            terminal.stop(stop)
            code = terminal.end(60)
            text = terminal.text
            assert code == 0, (code, text)
            assert not processes(place), processes(place)
            last = text[text.rindex("Ending"):]
            assert "\x1b[K" in text and last.strip() == "Ending …" and last.endswith("\n"), repr(text[-200:])


class Terminal:
    """`millrace up` in the foreground of a terminal of its own."""

    def __init__(self, place):
        self.text = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            program = str(place.programs / "millrace")
            os.execve(program, [program, "--config", str(place.config), "up"], {**os.environ, "TERM": "xterm"})

    def read(self, seconds):
        """What came in that time; False at the end."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return True
        try:
            part = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.text += part.decode(errors="replace")
        return bool(part)

    def until(self, words, seconds):
        limit = time.monotonic() + seconds
        while words not in self.text:
            assert self.read(0.1) and time.monotonic() < limit, f"no {words!r} within {seconds} s: {self.text}"

    def stop(self, how):
        if isinstance(how, str):
            os.write(self.descriptor, how.encode())
        else:
            os.kill(self.pid, how)

    def end(self, seconds):
        limit = time.monotonic() + seconds
        while self.read(0.1):
            assert time.monotonic() < limit, f"it has not ended within {seconds} s: {self.text}"
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def the_time_is_moved():
    """workers that `up` starts obey MILLRACE_NOW"""
    with installation() as place:
        moved = {"MILLRACE_NOW": "2025-01-02T12:00:30Z"}
        place.tool("up", "--detach", environment=moved)
        place.tool("project", "create", "site", environment=moved)
        place.tool("jobs", "run", "aggregate", "--wait", environment=moved)
        live = json.loads(place.tool("kv", "get", "funnel:live", environment=moved))
        assert live["date"] == "2025-01-02", live
        assert live["lastUpdated"].startswith("2025-01-02T12:0"), live
        # By today's clock it expired long ago.
        assert place.tool("kv", "get", "funnel:live", check=False).returncode == 66


def a_revoked_key():
    """a new key is taken and a revoked one refused within 2 seconds"""
    with installation() as place:
        place.tool("up", "--detach")
        place.tool("project", "create", "site")
        made = place.json("project", "key", "create", "--kind", "secret")
        acknowledged = []
        wait_until(lambda: taken(place, made["key"], acknowledged), 2, "the new key is refused")
        place.tool("project", "key", "revoke", made["key_id"])
        wait_until(lambda: post(place, made["key"]) == 401, 2, "the revoked key is taken")
        listed = {row["key_id"]: row for row in place.json("project", "key", "list")}
        assert listed[made["key_id"]]["revoked_at"], listed


def a_key_of_one_run():
    """`demo` and `send` make a key, count nothing as invalid, and leave no key that works"""
    with installation() as place:
        place.tool("up", "--detach")
        place.tool("project", "create", "site")
        sent = place.json("demo", "--visitors", 50, "--seed", 3)
        line = json.dumps({"event_type": "click", "user_id": "v"})
        place.tool("send", "-", text_input=f"{line}\n\n{line}\n")
        wait_until(lambda: place.json("status")["beacons"]["accepted"] > 2, 5, "nothing was counted")
        beacons = place.json("status")["beacons"]
        assert beacons["invalid"] == 0 and beacons["refusals"] == {}, beacons
        assert beacons["bot"] + beacons["accepted"] >= sent["live"]["visitors"], (beacons, sent)
        alive = [row for row in place.json("project", "key", "list") if not row["revoked_at"]]
        assert sorted(row["kind"] for row in alive) == ["public", "secret"], alive


run([
    an_occupied_port_ends_up, a_listener_that_is_mute, a_second_up, each_killed_program_comes_back,
    a_killed_supervisor, control_c, the_time_is_moved, a_revoked_key, a_key_of_one_run,
])
