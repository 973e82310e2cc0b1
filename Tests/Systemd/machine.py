"""What tests in a box say to systemd, and ask of it."""

import datetime
import fcntl
import json
import os
import pwd
import socket
import struct
import subprocess
import time


def run(*arguments, user=None, check=True, text_input=None, environment=None):
    """Runs a program, as another user with all his groups where one is named, and gives what it printed."""
    words = [str(argument) for argument in arguments]
    if user:
        group = pwd.getpwnam(user).pw_gid
        words = ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--", *words]
    done = subprocess.run(
        words, input=text_input, capture_output=True, text=True, timeout=120, cwd="/",
        env={**os.environ, **(environment or {})})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def fails(*arguments, **options):
    """Runs a program that must not succeed, and gives its complaint."""
    try:
        text = run(*arguments, **options)
    except AssertionError as error:
        return str(error)
    raise AssertionError(f"{' '.join(map(str, arguments))} succeeded: {text}")


def systemctl(*arguments):
    return run("systemctl", *arguments)


def show(unit, name):
    """A property of a unit, as systemctl prints it."""
    return run("systemctl", "show", "--property", name, "--value", unit).strip()


def states(unit):
    return f"{show(unit, 'ActiveState')} ({show(unit, 'SubState')}), {show(unit, 'Result')}"


def journal(*matches):
    """Entries of the journal, the oldest first, each with all its fields."""
    text = run("journalctl", "-b", "-o", "json", "--all", "--no-pager", *matches)
    return [json.loads(line) for line in text.splitlines()]


def messages(*matches):
    return [entry.get("MESSAGE", "") for entry in journal(*matches)]


def wait_until(condition, seconds, failure):
    """Polls a condition until it gives something true, and gives that; fails where it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{failure() if callable(failure) else failure} within {seconds} s")


def add_address(address):
    """Gives the box one more address, beside loopback's."""
    set_interface_address = 0x8916
    request = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(address))
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_interface_address, request)


def set_clock(text):
    """Moves the clock of the whole box to a time of ISO 8601. Only in tests that have a date."""
    wanted = datetime.datetime.fromisoformat(text).timestamp()
    with open("/box/share/clock", "r+b") as file:
        shift, = struct.unpack("<q", file.read(8))
        file.seek(0)
        file.write(struct.pack("<q", shift + round(wanted - time.time())))
    # A timer that is armed already keeps its time; process 1 arms all anew when it starts again.
    systemctl("daemon-reexec")
