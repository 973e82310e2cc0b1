"""What goes wrong around the programs: each time one clear sentence with its remedy, the right exit code, no loss.

Usage: bad_input.py [--programs DIR]
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import uuid

from installation import Installation, run, wait_until

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()
PROGRAMS = ["millraced", "millrace-load", "millrace-aggregate", "millrace-api"]


def installation(**keywords):
    return Installation(programs=options.programs, **keywords)


def ends(place, program, code, *words, arguments=(), environment=None, user=None):
    """Runs a program that must end by itself with `code` and one sentence on stderr that holds all `words`."""
    done = subprocess.run(
        [place.programs / program, "--config", place.config, *arguments], capture_output=True, text=True, timeout=60,
        env={**os.environ, **(environment or {})}, user=user, group=user, stdin=subprocess.DEVNULL)
    sentences = [line for line in done.stderr.splitlines() if not line.startswith("at=")]
    said = "\n".join(sentences)
    assert done.returncode == code, f"{program} ended with {done.returncode}, not {code}: {done.stderr}"
    assert len(sentences) == 1, f"{program} said {len(sentences)} lines: {said}"
    for word in words:
        assert word in said, f"{program} did not say {word!r}: {said}"
    assert "Fatal error" not in said and "Stack dump" not in done.stderr


def a_broken_configuration():
    """a broken configuration is refused by every program with file, line, key and what is allowed"""
    with installation(extra="[jobs]\nlease_seconds = 1\n") as place:
        line = place.config.read_text().splitlines().index("lease_seconds = 1") + 1
        for program in PROGRAMS:
            ends(place, program, 78, str(place.config), f"line {line}", "jobs.lease_seconds", "from 5 to 3600")
        ends(place, "millrace", 78, "jobs.lease_seconds", arguments=("status",))
    with installation() as place:
        ends(place, "millraced", 78, "MILLRACE_LOG_SEGMENT_MIB", environment={"MILLRACE_LOG_SEGMENT_MIB": "0"})


def a_missing_configuration():
    """a configuration that is not there is named"""
    with installation() as place:
        place.config = place.root / "absent.toml"
        for program in PROGRAMS:
            ends(place, program, 78, str(place.config))


def an_occupied_port():
    """a port that somebody else has is named, and how to mend it"""
    with installation() as place, contextlib.ExitStack() as stack:
        place.tool("migrate")
        for port, program, key in [(place.port, "millraced", "ingest.http"), (place.api_port, "millrace-api", "api.listen")]:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", port))
            listener.listen()
            ends(place, program, 69, str(port), key)


def a_missing_library():
    """a libduckdb that is not there, or is none, is named, and how to mend it"""
    with installation(extra='[warehouse]\nduckdb_library = "/nonexistent/libduckdb.so"\n') as place:
        place.tool("migrate")
        ends(place, "millrace-load", 69, "/nonexistent/libduckdb.so", "warehouse.duckdb_library", arguments=("--once",))
        (place.root / "not-a-library.so").write_text("text")
        ends(
            place, "millrace-load", 69, "not-a-library.so", arguments=("--once",),
            environment={"MILLRACE_WAREHOUSE_DUCKDB_LIBRARY": str(place.root / "not-a-library.so")})


def an_unwritable_directory():
    """a directory that the program's user may not write is named"""
    if os.geteuid() != 0:
        print("     skipped: only root can try it as another user")
        return
    with installation() as place:
        place.tool("migrate")
        place.root.chmod(0o755)
        place.config.chmod(0o644)
        for folder in [place.root / "lib", place.root / "run"]:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        log = place.root / "lib" / "log"
        log.mkdir(exist_ok=True)
        log.chmod(0o755)
        ends(place, "millraced", 77, str(place.root), user=65534)


def a_directory_that_cannot_be_made():
    """a data_dir below a file is refused"""
    with installation() as place:
        (place.root / "lib").write_text("a file")
        ends(place, "millraced", 73, str(place.root / "lib"))
        ends(place, "millrace", 73, str(place.root / "lib"), arguments=("migrate",))


def a_database_of_another_version():
    """a database of a newer or an older version is refused, and left as it was"""
    with installation() as place:
        place.tool("migrate")
        path = place.root / "lib" / "control.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("INSERT INTO grdb_migrations (identifier) VALUES ('9999-future')")
        for program in ["millrace-load", "millrace-aggregate", "millrace-api"]:
            ends(place, program, 78, str(path), "newer version")
        ends(place, "millrace", 78, "newer version", arguments=("migrate",))
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM grdb_migrations WHERE identifier >= '0004'")
        ends(place, "millrace-api", 78, str(path), "millrace migrate")


def a_missing_database():
    """without a database, the programs that need one say how to make it"""
    with installation() as place:
        for program in ["millrace-load", "millrace-aggregate", "millrace-api"]:
            ends(place, program, 66, "control.sqlite", "millrace")


def a_second_daemon_and_a_second_loader():
    """a second daemon and a second loader on the same directories end with 75"""
    with installation() as place:
        place.tool("migrate")
        place.start("millraced")
        place.until_healthy()
        place.start("millrace-load")
        wait_until((place.root / "run/status/millrace-load.json").exists, 30, "the loader does not report")
        for program, key in [("millraced", "MILLRACE_INGEST_HTTP"), ("millrace-load", "MILLRACE_LOG_LEVEL")]:
            environment = {key: "127.0.0.1:0" if key.endswith("HTTP") else "info",
                           "MILLRACE_INGEST_UNIX": str(place.root / "2.sock"),
                           "MILLRACE_INGEST_STREAM": str(place.root / "3.sock")}
            ends(place, program, 75, str(place.root / "lib"), environment=environment)


def a_full_disk():
    """on a full disk beacons are refused with 503; what was acknowledged is loaded once there is room again"""
    with installation(min_free_mib=0) as place:
        disk = place.root / "lib"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=12m", "none", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            print(f"     skipped: no small file system can be mounted: {mounted.stderr.strip()}")
            return
        try:
            fill_and_free(place, disk)
        finally:
            for program in list(place.running):
                place.kill(program)
            subprocess.run(["umount", disk], check=True)


def fill_and_free(place, disk):
    place.tool("migrate")
    key = place.json("project", "create", "site")["secret_key"]
    place.start("millraced")
    place.until_healthy()
    acknowledged, refused = set(), 0
    assert post(place, key, acknowledged) == 202
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65_536))
    for _ in range(400):
        status = post(place, key, acknowledged, size=50)
        refused += status == 503
        assert status in (202, 503), status
        if refused > 5:
            break
    assert refused, "a full disk refused nothing"
    ballast.unlink()
    wait_until(lambda: post(place, key, acknowledged) == 202, 30, "nothing is accepted after the disk was freed")
    place.start("millrace-load", "--once")
    code = place.running.pop("millrace-load").wait(120)
    assert code == 0, place.output("millrace-load")[-2000:]
    stored = [row["id"] for row in place.json("sql", "SELECT id FROM events")]
    assert len(stored) == len(set(stored)), "events are stored twice"
    assert acknowledged <= set(stored), f"{len(acknowledged - set(stored))} acknowledged events are lost"


def post(place, key, acknowledged, size=1):
    events = [
        {"id": str(uuid.uuid4()), "event_type": "click", "user_id": "v", "metadata": {"text": "x" * 1_000}}
        for _ in range(size)]
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=30)
    connection.request(
        "POST", "/api/v1/track/batch", json.dumps({"events": events}),
        {"Content-Type": "application/json", "X-API-Key": key})
    status = connection.getresponse().status
    connection.close()
    if status == 202:
        acknowledged.update(event["id"] for event in events)
    return status


run([
    a_broken_configuration, a_missing_configuration, an_occupied_port, a_missing_library, an_unwritable_directory,
    a_directory_that_cannot_be_made, a_database_of_another_version, a_missing_database,
    a_second_daemon_and_a_second_loader, a_full_disk,
])
