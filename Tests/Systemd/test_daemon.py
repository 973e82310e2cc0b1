"""The daemon and its sockets."""

import os
import pathlib
import signal
import socket
import time

import machine
import millrace
import traffic

DAEMON = "millraced.service"


def started():
    return int(machine.show(DAEMON, "MainPID"))


def is_active():
    return machine.show(DAEMON, "ActiveState") == "active"


def first_beacons():
    """a beacon starts the daemon that never ran, over TCP, the proxy's socket and the stream's, and is taken"""
    millrace.configure()
    key = millrace.new_key()
    machine.run("usermod", "--append", "--groups", "millrace-web", "www-data")
    for place in (millrace.PORT, millrace.INGEST):
        millrace.start_sockets()
        assert machine.show(DAEMON, "ActiveState") == "inactive", machine.states(DAEMON)
        start = time.monotonic()
        status = machine.run("/usr/bin/python3", "-B", "/box/tests/traffic.py", place, key, user="www-data")
        assert status == "202\n", (place, status)
        print(f"{place}: answered {time.monotonic() - start:.2f} s after nothing ran")
        machine.wait_until(is_active, 5, lambda: machine.states(DAEMON))
        machine.systemctl("stop", *millrace.SOCKETS, DAEMON)
    millrace.start_sockets()
    key_file = pathlib.Path("/tmp/key")
    key_file.write_text(key)
    key_file.chmod(0o644)
    millrace.tool("send", "-", "--key-file", key_file, text_input='{"event_type": "click", "user_id": "v"}\n')
    machine.wait_until(is_active, 5, lambda: machine.states(DAEMON))
    logged = millrace.logged_ids()
    assert len(logged) == 3, logged
    complaints = machine.messages("-u", DAEMON, "-p", "warning")
    assert not complaints, complaints


def readiness():
    """the daemon brings its sockets, says when it is ready and what it does, and reads its configuration on a reload"""
    millrace.configure()
    machine.systemctl("start", DAEMON)
    said = machine.show(DAEMON, "StatusText")
    assert "http 127.0.0.1:7070" in said and millrace.INGEST in said and millrace.STREAM in said, said
    pid = started()
    machine.systemctl("reload", DAEMON)
    machine.wait_until(
        lambda: [text for text in machine.messages("-u", DAEMON) if "reloaded:" in text], 5, "it was not reloaded")
    assert started() == pid


def killed():
    """a daemon killed with SIGKILL under load is back with no connection refused and no acknowledged event lost"""
    millrace.configure()
    key = millrace.new_key()
    millrace.start_sockets()
    with traffic.Traffic([millrace.PORT, millrace.INGEST] * 2, key) as load:
        for _ in range(5):
            count = load.count()
            machine.wait_until(lambda: load.count() > count + 500, 30, "no traffic")
            pid = started()
            os.kill(pid, signal.SIGKILL)
            machine.wait_until(lambda: started() not in (0, pid), 10, "the daemon is not back")
        count = load.count()
        machine.wait_until(lambda: load.count() > count + 500, 30, "no traffic")
    print(load)
    assert not load.refused, load.refused[:3]
    assert set(load.statuses) == {202}, load.statuses
    assert machine.show(DAEMON, "NRestarts") == "5"
    logged = millrace.logged_ids()
    assert len(logged) == len(set(logged)), "an event is in the log twice"
    missing = set(load.acknowledged) - set(logged)
    assert not missing, f"{len(missing)} acknowledged events are not in the log"
    told = [entry for entry in machine.journal("-u", DAEMON, "-p", "err") if "failed (signal KILL" in entry["MESSAGE"]]
    assert told, "the failure hook said nothing"


def restarted():
    """a daemon restarted under load leaves no request refused and none unanswered"""
    millrace.configure()
    key = millrace.new_key()
    millrace.start_sockets()
    with traffic.Traffic([millrace.PORT, millrace.INGEST] * 2, key) as load:
        for _ in range(5):
            count = load.count()
            machine.wait_until(lambda: load.count() > count + 500, 30, "no traffic")
            machine.systemctl("restart", DAEMON)
        count = load.count()
        machine.wait_until(lambda: load.count() > count + 500, 30, "no traffic")
    print(load)
    assert not load.refused and not load.unanswered, (load.refused[:3], load.unanswered[:3])
    assert set(load.statuses) == {202}, load.statuses
    logged = millrace.logged_ids()
    assert sorted(logged) == sorted(load.acknowledged), (len(logged), len(load.acknowledged))


def broken():
    """while a daemon cannot start, beacons wait; once it can, they are taken"""
    millrace.configure()
    key = millrace.new_key()
    millrace.start_sockets()
    good = millrace.CONFIG.read_text()
    millrace.CONFIG.write_text(good + "[nonsense]\n")
    with traffic.Traffic([millrace.PORT, millrace.INGEST], key, batch=1) as load:
        machine.wait_until(lambda: int(machine.show(DAEMON, "NRestarts")) >= 4, 30, "the daemon is not restarted")
        assert load.count() == 0
        millrace.CONFIG.write_text(good)
        machine.wait_until(lambda: load.count() > 10, 30, lambda: str(load))
    print(load)
    assert not load.refused and not load.unanswered, (load.refused[:3], load.unanswered[:3])
    for name in millrace.SOCKETS:
        assert machine.show(name, "ActiveState") == "active", machine.states(name)
    # Told the first, the second and the fourth time.
    told = [text for text in machine.messages("-u", DAEMON, "-p", "err") if "failed (exit-code 78" in text]
    assert 1 <= len(told) <= 3 and "nonsense" in told[0], told


def occupied():
    """a socket that cannot listen reaches the failure hook"""
    millrace.configure()
    with socket.socket() as other:
        other.bind(("127.0.0.1", millrace.PORT))
        other.listen()
        machine.fails("systemctl", "start", "millrace-http.socket")
        wanted = "millrace-http.socket failed (resources"
        told = machine.wait_until(
            lambda: [text for text in machine.messages("-p", "err") if wanted in text], 10, "the hook said nothing")
    assert len(told) == 1, told


TESTS = [occupied, first_beacons, readiness, killed, restarted, broken]
