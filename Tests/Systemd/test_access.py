"""Who can reach what: each path of an installation at work is tried by each user."""

import json
import os
import pathlib
import stat

import machine
import millrace
import traffic

ROOTS = ["/var/lib/millrace", "/run/millrace", "/etc/millrace"]


def installation_at_work():
    """Every kind of file that an installation has: a log, Parquet, the database, and what other programs will make."""
    millrace.configure()
    key = millrace.new_key()
    millrace.start_everything()
    assert traffic.post(millrace.PORT, key, traffic.events(50)) == 202
    millrace.wait_for_events(50)
    for path in ("conversations/2025-01-01.jsonl", "exports/x.csv", "backups/x.sqlite", "wake/refresh"):
        machine.run("touch", f"{millrace.DATA}/{path}", user="millrace")


def every_path():
    """Lines for probe.py."""
    lines = []
    for root in ROOTS:
        for folder, _, files in os.walk(root):
            lines.append(f"directory {folder}")
            for name in files:
                path = pathlib.Path(folder, name)
                lines.append(f"{'socket' if stat.S_ISSOCK(path.stat().st_mode) else 'file'} {path}")
    assert sum("parquet" in line for line in lines) == 1 and sum(".wal" in line for line in lines) >= 1, lines
    return "\n".join(lines) + "\n"


def probe(user):
    return json.loads(
        machine.run("/usr/bin/python3", "-B", "/box/tests/probe.py", user=user, text_input=every_path()))


def proxy():
    """the reverse proxy's user reaches ingest.sock, and nothing else of an installation"""
    machine.run("usermod", "--append", "--groups", "millrace-web", "www-data")
    installation_at_work()
    found = probe("www-data")
    assert found == {
        "read": [], "write": [], "list": ["/run/millrace", "/etc/millrace"], "create": [],
        "connect": ["/run/millrace/ingest.sock"]}, found
    nobody = probe("nobody")
    assert not any(nobody[what] for what in ("read", "write", "create", "connect")), nobody


def daemon():
    """the daemon's user reads and writes the log and the status, reads projects and configuration, and nothing else"""
    installation_at_work()
    found = probe("millraced")
    log, status, secret = f"{millrace.DATA}/log", "/run/millrace/status", "/run/millrace/secret"
    assert found["connect"] == [], found
    assert sorted(found["create"]) == sorted([log, status, secret]), found
    assert sorted(found["list"]) == sorted(
        [log, status, secret, f"{millrace.DATA}/snapshot", "/run/millrace", "/etc/millrace"]), found
    readable = {path for path in found["read"] if not path.startswith((log, status, secret))}
    snapshot = f"{millrace.DATA}/snapshot/projects.json"
    assert readable == {snapshot, snapshot + ".lock", str(millrace.CONFIG)}, readable
    assert all(path.startswith((log, secret, f"{status}/millraced.json")) for path in found["write"]), found["write"]
    assert any(path.endswith(".wal") for path in found["write"]), found["write"]


def view(unit):
    """The disk as a service sees it."""
    return pathlib.Path(f"/proc/{machine.show(unit, 'MainPID')}/root")


def daemon_sees():
    """in the daemon's own view of the disk there is no more of the data than log and snapshot, and no program to run"""
    installation_at_work()
    place = view("millraced.service")
    seen = sorted(os.listdir(place / "var/lib/millrace"))
    assert seen == ["log", "snapshot"], seen
    own = ["var/lib/millrace/log", "run/millrace/status", "run/millrace/secret"]
    assert written(place, own) == own, written(place, own)
    foreign = written(place, ["", "etc", "var", "run/millrace", "var/lib/millrace", "var/lib/millrace/snapshot"])
    assert not foreign, foreign
    enter = ["nsenter", "-t", machine.show("millraced.service", "MainPID"), "-m", "--"]
    assert "Permission denied" in machine.fails(*enter, "/bin/true")


def services_see():
    """each service can write what is its own, and does not even see what it has no use for"""
    installation_at_work()
    data = "var/lib/millrace/"
    views = {
        "millrace-load.service": (["", "log", "events"], ["snapshot"], ["conversations", "exports", "backups"]),
        "millrace-api.service": (
            ["", "wake", "snapshot"], [], ["log", "events", "conversations", "exports", "backups"]),
    }
    for unit, (own, foreign, unseen) in views.items():
        place = view(unit)
        for name in own:
            assert written(place, [data + name]), (unit, name)
        wrong = written(place, ["", "etc", "usr", "run/millrace", *[data + name for name in foreign]])
        assert not wrong, (unit, wrong)
        assert written(place, ["run/millrace/status"]), unit
        for name in unseen:
            assert stat.S_IMODE((place / data / name).stat().st_mode) == 0, (unit, name)


def nothing_written_runs():
    """no service can run what it wrote: but for the system's own files, nothing it may write is executable"""
    installation_at_work()
    for unit in ("millraced.service", "millrace-load.service", "millrace-api.service"):
        for line in pathlib.Path(f"/proc/{machine.show(unit, 'MainPID')}/mountinfo").read_text().splitlines():
            path, flags = line.split()[4], line.split()[5].split(",")
            is_system = path.startswith(("/usr/lib", "/usr/bin/millrace", "/dev/pts", "/proc"))
            assert "noexec" in flags or "ro" in flags or is_system, f"{unit}: {line}"


def written(place, paths):
    """Those of the paths that can be written as far as mounts are concerned."""
    return [path for path in paths if not os.statvfs(place / path).f_flag & os.ST_RDONLY]


TESTS = [proxy, daemon, daemon_sees, services_see, nothing_written_runs]
