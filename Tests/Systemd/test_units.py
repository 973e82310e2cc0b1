"""What systemd thinks of the units, and what an installation makes."""

import grp
import pathlib
import pwd
import stat
import subprocess

import machine
import millrace

# Owner, group and mode of each directory and socket.
PLACES = {
    "/var/lib/millrace": "millrace millrace 711",
    "/var/lib/millrace/log": "millrace millrace-ingest 2770",
    "/var/lib/millrace/snapshot": "millrace millrace-ingest 2750",
    "/var/lib/millrace/events": "millrace millrace 700",
    "/var/lib/millrace/conversations": "millrace millrace 700",
    "/var/lib/millrace/exports": "millrace millrace 700",
    "/var/lib/millrace/backups": "millrace millrace 700",
    "/var/lib/millrace/wake": "millrace millrace 700",
    "/var/lib/millrace/control.sqlite": "millrace millrace 600",
    "/var/lib/millrace/snapshot/projects.json": "millrace millrace-ingest 640",
    "/run/millrace": "root root 755",
    "/run/millrace/status": "millrace millrace-ingest 2770",
    "/run/millrace/secret": "millraced millraced 700",
    "/run/millrace/ingest.sock": "root millrace-web 660",
    "/run/millrace/stream.sock": "root millrace 660",
    "/etc/millrace/millrace.toml": "millrace millraced 640",
}


def verify():
    """systemd-analyze verify says nothing about any unit"""
    assert len(millrace.services()) >= 6, millrace.units()
    for unit in millrace.units():
        name = unit.replace("@.", "@millrace-load.service.")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", name], capture_output=True, text=True, timeout=60)
        said = (done.stdout + done.stderr).strip()
        assert done.returncode == 0 and not said, f"{unit}: {said}"


def exposure():
    """every service has an exposure of 2.0 or less, the daemon's is below 1.0"""
    found = {unit: millrace.exposure(unit) for unit in millrace.services()}
    print(", ".join(f"{unit} {level}" for unit, level in found.items()))
    assert not {unit: level for unit, level in found.items() if level > 2.0}, found
    assert found["millraced.service"] < 1.0, found


def known_directives():
    """systemd loads every unit without a complaint"""
    for unit in millrace.units():
        machine.systemctl("cat", unit.replace("@.", "@x."))
        assert machine.show(unit.replace("@.", "@x."), "LoadState") == "loaded", unit
    complaints = [text for text in machine.messages("_PID=1") if "/systemd/system/" in text and ".service:" in text]
    assert not complaints, complaints


def schedules():
    """each timer stands in UTC, makes up what it missed, and is as exact as its worker wants it"""
    wanted = {"millrace-aggregate.timer": "*-*-* 00/12:00:00 UTC", "millrace-tick.timer": "*-*-* *:*:00 UTC"}
    assert wanted.keys() == {unit for unit in millrace.units() if unit.endswith(".timer")}
    for unit, calendar in wanted.items():
        assert calendar in machine.show(unit, "TimersCalendar"), machine.show(unit, "TimersCalendar")
        assert machine.show(unit, "Persistent") == "yes"
        assert machine.show(unit, "AccuracyUSec") == "1s"
        assert machine.show(unit, "RandomizedDelayUSec") == "0"


def places():
    """users, groups, directories, files and sockets are as they have to be"""
    millrace.configure()
    millrace.start_sockets()
    found = {}
    for path in PLACES:
        status = pathlib.Path(path).stat()
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
        found[path] = f"{owner} {group} {stat.S_IMODE(status.st_mode):o}"
    assert found == PLACES, {path: text for path, text in found.items() if PLACES[path] != text}
    assert sorted(grp.getgrnam("millrace-ingest").gr_mem) == ["millrace", "millraced"]
    for name in ("millrace", "millrace-web", "millraced"):
        assert grp.getgrnam(name).gr_mem == [], name


TESTS = [verify, exposure, known_directives, schedules, places]
