"""Millrace in a box: what an administrator does after its package was installed, and what senders do."""

import json
import pathlib
import subprocess

import machine

UNITS = pathlib.Path("/usr/lib/systemd/system")
CONFIG = pathlib.Path("/etc/millrace/millrace.toml")
SOCKETS = ["millrace-http.socket", "millrace-ingest.socket", "millrace-stream.socket"]
DATA = "/var/lib/millrace"
PORT, API_PORT = 7070, 7080
INGEST, STREAM = "/run/millrace/ingest.sock", "/run/millrace/stream.sock"


def units():
    """The names of all units that Millrace brings."""
    return sorted(path.name for path in UNITS.glob("millrace*") if path.is_file())


def services():
    return [name for name in units() if name.endswith(".service")]


def configure(extra=""):
    """What the package's installation does: libraries, a configuration, users and directories, and the database."""
    machine.run("ldconfig", "/usr/lib/millrace")
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(
        "[limits]\nevents_per_minute_per_key = 0\nevents_per_minute_per_address = 0\n[log]\nmin_free_mib = 1\n" + extra)
    machine.run("systemd-tmpfiles", "--create", "millrace.conf")
    tool("migrate")


def tool(*arguments, **options):
    """Runs `millrace` as the user millrace."""
    return machine.run("/usr/bin/millrace", *arguments, user="millrace", **options)


def tool_json(*arguments):
    return json.loads(tool(*arguments, "--json"))


def new_key():
    """A secret key of a new project."""
    return tool_json("project", "create", "site")["secret_key"]


def start_sockets():
    machine.systemctl("enable", "--now", *SOCKETS)


def start_everything():
    """What is enabled after an installation."""
    start_sockets()
    machine.systemctl(
        "enable", "--now", "millraced.service", "millrace-load.service", "millrace-api.service",
        *[name for name in units() if name.endswith((".timer", ".path"))])


def logged_ids():
    """The ids of all events in the log."""
    return [json.loads(line)["event"]["id"] for line in tool("log", "dump", "--json").splitlines()]


def exposure(unit):
    """The exposure of a unit that is not running, as systemd-analyze judges it; 10.0 is none at all confined."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / unit], capture_output=True, text=True)
    line = [line for line in done.stdout.splitlines() if "Overall exposure level" in line][-1]
    return float(line.split(": ")[1].split()[0])


def events():
    """How many events the loader has loaded."""
    return tool_json("sql", "SELECT count(*) AS count FROM events")[0]["count"]


def wait_for_events(count):
    machine.wait_until(lambda: events() == count, 30, lambda: f"{events()} of {count} events are loaded")
