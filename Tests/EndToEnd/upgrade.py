"""The daemon is replaced under load while a supervisor holds its sockets: no connection is refused, and nothing that
was acknowledged is lost.

Usage: upgrade.py [--replacements N] [--programs DIR]
"""

import argparse
import contextlib
import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

from installation import Installation, run, wait_until
from wire import Wire, request

arguments = argparse.ArgumentParser()
arguments.add_argument("--replacements", type=int, default=6)
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()

# Puts the sockets where systemd would, says so as systemd does, and becomes the program.
HAND_OVER = """
import fcntl, os, sys
numbers = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in sys.argv[1].split(",")]
os.closerange(3, 100)
for index, number in enumerate(numbers):
    os.dup2(number, 3 + index)
    os.close(number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(numbers)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


class Supervisor:
    """Holds the three listening sockets, as systemd's socket units do, and starts the daemon on them."""

    def __init__(self, installation, names=("stream", "http", "ingest")):
        self.installation, self.sockets = installation, {}
        self.path = installation.root / "sockets"
        self.path.mkdir()
        for name in names:
            listener = socket.socket(socket.AF_INET if name == "http" else socket.AF_UNIX)
            listener.bind(("127.0.0.1", 0) if name == "http" else str(self.path / name))
            listener.listen(4096)
            self.sockets[name] = listener
        self.daemon = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for listener in self.sockets.values():
            listener.close()

    def place(self, name):
        """Where a client connects."""
        return self.sockets["http"].getsockname()[1] if name == "http" else self.path / name

    def start(self):
        self.daemon = self.launch()

    def launch(self):
        numbers = [listener.fileno() for listener in self.sockets.values()]
        with open(self.installation.root / "millraced.out", "ab") as output:
            return subprocess.Popen(
                [sys.executable, "-c", HAND_OVER, ",".join(map(str, numbers)), ":".join(self.sockets),
                 self.installation.programs / "millraced", "--config", self.installation.config],
                pass_fds=numbers, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def start_when_asked(self, seconds=20):
        """Starts the daemon once somebody connects."""
        ready, _, _ = select.select(list(self.sockets.values()), [], [], seconds)
        assert ready, "nobody connected"
        self.start()

    def stop(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        code = self.daemon.wait(30)
        assert code == (0 if number == signal.SIGTERM else -number), (code, self.output())

    def replace(self, number=signal.SIGTERM):
        self.stop(number)
        self.start()

    def status(self):
        return json.loads((self.installation.root / "run/status/millraced.json").read_text())

    def output(self):
        return self.installation.output("millraced")[-2000:]


class Sender(threading.Thread):
    """Sends events one after the other, each with the same id until it is acknowledged."""

    def __init__(self, supervisor, name, key, keeps_alive):
        super().__init__(daemon=True)
        self.supervisor, self.name_, self.key, self.keeps_alive = supervisor, name, key, keeps_alive
        self.stop, self.acknowledged, self.again = threading.Event(), set(), 0
        # What must not happen: when it began and ended, and what it was.
        self.faults = []
        self.wire, self.served = None, 0

    def run(self):
        while not self.stop.is_set():
            identity = str(uuid.uuid4())
            while not self.post(identity):
                self.again += 1
            self.acknowledged.add(identity)
        self.close()

    def close(self):
        if self.wire:
            self.wire.__exit__()
        self.wire, self.served = None, 0

    def fault(self, began, what):
        self.faults.append((began, time.monotonic(), f"{self.name_}: {what}"))

    def post(self, identity):
        began = time.monotonic()
        if self.wire is None:
            try:
                self.wire = Wire(self.supervisor.place(self.name_))
            except OSError as error:
                self.fault(float("inf"), f"connecting failed: {error!r}")
                time.sleep(0.01)
                return False
        headers = {"X-API-Key": self.key, "Connection": None if self.keeps_alive else "close"}
        try:
            self.wire.send(request("/api/v1/track", {"event_type": "click", "id": identity}, headers))
            answer = self.wire.answer()
        except OSError as error:
            answer, what = None, repr(error)
        else:
            what = "the connection ended"
        if answer is None:
            # One that was kept may be closed before its next request is read; the sender then connects anew.
            if self.served == 0:
                self.fault(began, f"a request had no answer: {what}")
            self.close()
            return False
        self.served += 1
        if not self.keeps_alive or answer.headers.get("connection") == "close":
            self.close()
        if answer.status != 202 or answer.verdict() not in ({"accepted": 1}, {"duplicate": 1}):
            self.fault(began, f"refused: {answer}")
        return answer.status == 202


class StreamSender(Sender):
    """Sends events over the stream socket; what was not acknowledged at its end is sent again on the next one."""

    def run(self):
        pending = []
        while not self.stop.is_set() or pending:
            try:
                pending = self.stream(pending)
            except ConnectionRefusedError as error:
                self.fault(float("inf"), f"connecting failed: {error!r}")
                time.sleep(0.01)

    def stream(self, pending):
        with Wire(self.supervisor.place("stream")) as wire:
            sent, acked = list(pending), 0
            with contextlib.suppress(OSError):
                wire.send((json.dumps({"key": self.key}) + "\n").encode())
                for identity in pending:
                    wire.send(self.line(identity))
                while not self.stop.is_set() or acked < len(sent):
                    if not self.stop.is_set():
                        sent.append(str(uuid.uuid4()))
                        wire.send(self.line(sent[-1]))
                    answer = wire.line()
                    if answer is None or "the daemon stops" in answer.get("error", ""):
                        break
                    if "acked" not in answer:
                        self.fault(float("inf"), f"refused: {answer}")
                        break
                    self.acknowledged.update(sent[acked:answer["acked"]])
                    acked = answer["acked"]
            self.again += len(sent) - acked
            return sent[acked:]

    @staticmethod
    def line(identity):
        return (json.dumps({"event_type": "click", "id": identity}) + "\n").encode()


@contextlib.contextmanager
def supervised(**keywords):
    """An installation with a project, and a supervisor that has not started the daemon yet."""
    with Installation(programs=options.programs) as installation:
        installation.tool("migrate")
        key = installation.json("project", "create", "site")["secret_key"]
        with Supervisor(installation, **keywords) as supervisor:
            yield installation, supervisor, key


def healthy(supervisor):
    with Wire(supervisor.place("http")) as wire:
        wire.send(request("/health", method="GET"))
        answer = wire.answer()
        assert answer and answer.status == 200, answer


def logged(installation):
    return [json.loads(line)["event"]["id"] for line in installation.tool("log", "dump", "--json").splitlines()]


def the_first_connection_starts_the_daemon():
    """the first connection starts the daemon, and is answered"""
    with supervised() as (installation, supervisor, key), Wire(supervisor.place("ingest")) as wire:
        wire.send(request("/api/v1/track", {"event_type": "a"}, {"X-API-Key": key}))
        supervisor.start_when_asked()
        assert wire.answer().status == 202, supervisor.output()
        status = supervisor.status()
        assert status["warnings"] == [] and len(status["listeners"]) == 3, status
        assert not list((installation.root / "run").glob("*.sock")), "the daemon made sockets of its own"
        supervisor.stop()
        assert (supervisor.path / "ingest").exists(), "a socket that is not the daemon's was removed"


def a_missing_socket_is_a_warning():
    """a socket that was not handed over, and one of another name, are warnings in the status"""
    with supervised(names=("http", "streem")) as (installation, supervisor, _):
        supervisor.start()
        healthy(supervisor)
        # It is written once all sockets are listened on.
        wait_until((installation.root / "run/status/millraced.json").exists, 10, "no status", supervisor.output)
        warnings = supervisor.status()["warnings"]
        for text in ["handed over as ingest", "handed over as stream", "handed over as streem"]:
            assert any(text in warning for warning in warnings), (text, warnings)
            assert text in supervisor.output(), (text, supervisor.output())
        assert installation.json("status")["daemon"]["warnings"] == warnings


def a_second_daemon_refuses():
    """a second daemon on the same sockets leaves the log to the first, which goes on"""
    with supervised() as (_, supervisor, _):
        supervisor.start()
        healthy(supervisor)
        second = supervisor.launch()
        assert second.wait(30) == 75, supervisor.output()
        for _ in range(20):
            healthy(supervisor)


def a_request_that_has_begun_is_answered():
    """a request of which a part has come is answered after SIGTERM, and one that comes later by the next daemon"""
    with supervised() as (installation, supervisor, key):
        supervisor.start()
        healthy(supervisor)
        whole = request("/api/v1/track", {"event_type": "a", "id": str(uuid.uuid4())}, {"X-API-Key": key})
        with Wire(supervisor.place("http")) as begun:
            begun.send(whole[:-20])
            time.sleep(0.2)
            supervisor.daemon.send_signal(signal.SIGTERM)
            wait_until(
                lambda: "stopping" in installation.output("millraced"), 10, "the daemon does not stop",
                supervisor.output)
            with Wire(supervisor.place("http")) as late:
                late.send(request("/health", method="GET"))
                time.sleep(0.2)
                begun.send(whole[-20:])
                answer = begun.answer()
                assert answer.status == 202 and answer.headers["connection"] == "close", answer
                assert begun.answer() is None
                assert supervisor.daemon.wait(30) == 0
                supervisor.start()
                assert late.answer().status == 200


def a_stop_during_the_start_loses_nobody():
    """a daemon stopped at any moment of its start answers who waits, or leaves him to the next one"""
    with supervised() as (_, supervisor, _), contextlib.ExitStack() as stack:
        waiting = []
        for delay in range(0, 240, 12):
            wire = stack.enter_context(Wire(supervisor.place("http")))
            wire.send(request("/health", method="GET"))
            waiting.append(wire)
            supervisor.start()
            time.sleep(delay / 1000)
            supervisor.daemon.send_signal(signal.SIGTERM)
            # Before it can accept anybody, the signal ends it at once.
            assert supervisor.daemon.wait(30) in (0, -signal.SIGTERM), supervisor.output()
            readable, _, _ = select.select([wire.socket for wire in waiting], [], [], 0)
            for wire in [wire for wire in waiting if wire.socket in readable]:
                # 503 says that the daemon stops.
                answer = wire.answer()
                assert answer and answer.status in (200, 503), f"no answer after {delay} ms: {answer}"
                waiting.remove(wire)
        supervisor.start()
        for wire in waiting:
            assert wire.answer().status == 200


def nothing_is_refused_or_lost():
    """daemons replaced under load refuse nobody, and lose nothing that they acknowledged"""
    with supervised() as (installation, supervisor, key):
        supervisor.start()
        senders = [Sender(supervisor, "http", key, keeps) for keeps in [True, True, False, False]]
        senders += [Sender(supervisor, "ingest", key, keeps) for keeps in [True, False]]
        senders += [StreamSender(supervisor, "stream", key, True)]
        for sender in senders:
            sender.start()
        kills, longest = [], 0
        for number in range(options.replacements + 1):
            time.sleep(0.7)
            if number == options.replacements // 2:
                began = time.monotonic()
                supervisor.replace(signal.SIGKILL)
                healthy(supervisor)
                kills.append((began, time.monotonic()))
            else:
                began = time.monotonic()
                supervisor.replace()
                healthy(supervisor)
                longest = max(longest, time.monotonic() - began)
        time.sleep(0.7)
        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(30)
            assert not sender.is_alive(), "a sender waits for an answer"
        supervisor.stop()
        faults = [
            what for sender in senders for began, ended, what in sender.faults
            if not any(began <= end and ended >= start for start, end in kills)]
        assert not faults, f"{len(faults)} faults: {faults[:3]}"
        everything = set().union(*(sender.acknowledged for sender in senders))
        for sender in senders:
            assert len(sender.acknowledged) > options.replacements, f"{sender.name_}: {len(sender.acknowledged)}"
        lost = everything - set(logged(installation))
        assert not lost, f"{len(lost)} of {len(everything)} acknowledged events are not in the log: {sorted(lost)[:3]}"
        installation.start("millrace-load", "--once")
        assert installation.running.pop("millrace-load").wait(120) == 0, installation.output("millrace-load")[-2000:]
        stored = [row["id"] for row in installation.json("sql", "SELECT id FROM events")]
        assert len(stored) == len(set(stored)) and everything <= set(stored), (len(stored), len(everything))
        print(
            f"     {options.replacements} daemons replaced and 1 killed: {len(everything)} events acknowledged, "
            f"{sum(sender.again for sender in senders)} sent again, the longest replacement {longest:.1f} s")


run([
    the_first_connection_starts_the_daemon, a_missing_socket_is_a_warning, a_second_daemon_refuses,
    a_request_that_has_begun_is_answered, a_stop_during_the_start_loses_nobody, nothing_is_refused_or_lost])
