"""A temporary installation of Millrace for the end-to-end tests: its directories, configuration and programs."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent


def free_port():
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """Directories, a configuration and the processes started on them. Use it in a `with`: its end leaves nothing."""

    def __init__(self, programs=None, extra="", **options):
        self.programs = pathlib.Path(programs or CHECKOUT / ".build" / "debug")
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-")
        self.root = pathlib.Path(self.folder.name)
        self.port, self.api_port = free_port(), free_port()
        self.config = self.root / "millrace.toml"
        self.config.write_text(
            f'data_dir = "{self.root}/lib"\nruntime_dir = "{self.root}/run"\n'
            f'[ingest]\nhttp = "127.0.0.1:{self.port}"\n'
            f'[api]\nlisten = "127.0.0.1:{self.api_port}"\n'
            "[limits]\nevents_per_minute_per_key = 0\nevents_per_minute_per_address = 0\n"
            f'[log]\nsegment_mib = {options.get("segment_mib", 1)}\nmin_free_mib = {options.get("min_free_mib", 16)}\n'
            + extra)
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.kill(name)
        self.folder.cleanup()

    def tool(self, *arguments, check=True, text_input=None, environment=None):
        """Runs `millrace` and gives what it printed."""
        done = subprocess.run(
            [self.programs / "millrace", "--config", self.config, *map(str, arguments)], input=text_input,
            capture_output=True, text=True, timeout=300, env={**os.environ, **(environment or {})})
        if check and done.returncode != 0:
            raise AssertionError(f"millrace {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
        return done if not check else done.stdout

    def json(self, *arguments, **options):
        return json.loads(self.tool(*arguments, "--json", **options))

    def start(self, program, *arguments):
        """Starts a program in the background; its output goes to a file beside the configuration."""
        output = open(self.root / f"{program}.out", "ab")
        self.running[program] = subprocess.Popen(
            [self.programs / program, "--config", self.config, *arguments], stdout=output, stderr=output,
            stdin=subprocess.DEVNULL)
        return self.running[program]

    def kill(self, program, signal_number=signal.SIGKILL):
        process = self.running.pop(program)
        if process.poll() is None:
            process.send_signal(signal_number)
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{program} did not end within 60 s of signal {signal_number}")

    def output(self, program):
        return (self.root / f"{program}.out").read_text(errors="replace")

    def until_healthy(self, seconds=30):
        """Waits until the daemon answers /health."""
        wait_until(lambda: self.healthy(), seconds, "the daemon does not answer", lambda: self.output("millraced"))

    def healthy(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False


def programs_of(root):
    """Process id and command line of each program of the installation."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline", "rb").read().decode(errors="replace")
        except OSError:
            continue
        if str(root) in words and "millrace" in words.split("\0")[0]:
            found.append((int(pid), words.replace("\0", " ").strip()))
    return found


def wait_until(condition, seconds, failure, detail=lambda: ""):
    """Polls a condition until it holds; an AssertionError with `failure` where it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"{failure} within {seconds} s\n{detail()}")


def run(tests):
    """Runs the functions, prints a line for each and the closing count; the exit code says whether all passed."""
    failed = 0
    for test in tests:
        start = time.monotonic()
        try:
            test()
            print(f"ok   {test.__doc__.strip()} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception as error:  # a test may fail in any way; the next one still runs
            failed += 1
            line = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{pathlib.Path(line.filename).name}:{line.lineno}"
            print(f"FAIL {test.__doc__.strip()}: {type(error).__name__} at {place}: {error}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
