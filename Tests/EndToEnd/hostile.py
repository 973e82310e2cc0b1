"""A disk that is filled and freed, senders that break off, a daemon that is stopped and killed: nothing that was
acknowledged is lost or doubled, nothing that was refused is stored, and the daemon recovers by itself.

Usage: hostile.py [--seconds N] [--seed N] [--programs DIR]
"""

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid

from installation import Installation, run, wait_until
from wire import Wire, ask, request

arguments = argparse.ArgumentParser()
arguments.add_argument("--seconds", type=int, default=20, help="how long each disk is made trouble with")
arguments.add_argument("--seed", type=int, default=None)
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()
seed = options.seed if options.seed is not None else random.randrange(1 << 30)
TRACK, BATCH = "/api/v1/track", "/api/v1/track/batch"
DISK_MIB = 24


def event(**members):
    return {"id": str(uuid.uuid4()), "event_type": "click", "user_id": f"v_{random.randrange(200)}",
            "url": "https://shop.example/a", "metadata": {"text": "x" * random.randrange(2_000)}, **members}


class Records:
    """What was sent and what was said of it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent, self.acknowledged, self.refused = set(), set(), set()
        self.unavailable, self.wrong = 0, []

    def sends(self, events):
        with self.lock:
            self.sent.update(one["id"] for one in events)

    def take(self, answer, good, bad):
        """Whether the answer settles what became of the events; those in `bad` can never be accepted."""
        ids = {one["id"] for one in good}
        with self.lock:
            self.refused.update(one["id"] for one in bad)
            if answer.status in (202, 204):
                self.acknowledged.update(ids)
                return True
            if answer.status == 503:
                self.unavailable += 1
                if int(answer.headers.get("retry-after", "0")) < 1:
                    self.wrong.append(f"a 503 without Retry-After: {answer}")
                return False
            if answer.status == 400 and not good:
                return True
            self.wrong.append(repr(answer))
            return True


class Patient(threading.Thread):
    """Sends single events or batches, with bad ones among them, each again with the same ids until it is settled."""

    def __init__(self, place, key, records, stop, size):
        super().__init__(daemon=True)
        self.place, self.key, self.records, self.stop, self.size = place, key, records, stop, size
        self.wire = None

    def run(self):
        while not self.stop.is_set():
            events = [event() for _ in range(self.size)]
            bad = [event(timestamp="never")] if random.random() < 0.2 else []
            if self.size == 1 and bad:
                events = []
            self.records.sends(events + bad)
            body = {"events": events + bad} if self.size > 1 else (events + bad)[0]
            data = request(BATCH if self.size > 1 else TRACK, body, {"X-API-Key": self.key})
            while not self.stop.is_set() and not self.deliver(data, events, bad):
                time.sleep(random.uniform(0, 0.05))

    def deliver(self, data, events, bad):
        with contextlib.suppress(OSError, AssertionError):
            self.wire = self.wire or Wire(random.choice(
                [self.place.port, self.place.root / "run/ingest.sock"]), timeout=15)
            self.wire.send(data)
            answer = self.wire.answer()
            if answer is None:
                raise OSError("the connection ended")
            if answer.headers.get("connection") == "close":
                self.wire.__exit__()
                self.wire = None
            return self.records.take(answer, events, bad)
        with contextlib.suppress(Exception):
            self.wire.__exit__()
        self.wire = None
        return False


class Streaming(threading.Thread):
    """Sends lines through the stream socket, and what was not acknowledged again on the next connection."""

    def __init__(self, place, key, records, stop):
        super().__init__(daemon=True)
        self.place, self.key, self.records, self.stop = place, key, records, stop

    def run(self):
        events = []
        while not self.stop.is_set():
            events += [event() for _ in range(300 - len(events))]
            self.records.sends(events)
            acked = 0
            with contextlib.suppress(OSError, ValueError), Wire(self.place.root / "run/stream.sock", 15) as wire:
                lines = [json.dumps({"key": self.key}), *(json.dumps(one) for one in events), ""]
                wire.send("\n".join(lines).encode())
                while acked < len(events) and (said := wire.line()) is not None:
                    if "line" in said:
                        self.records.wrong.append(str(said))
                    acked = said.get("acked", acked)
            with self.records.lock:
                self.records.acknowledged.update(one["id"] for one in events[:acked])
            events = events[acked:]
            time.sleep(random.uniform(0, 0.1))


class Rude(threading.Thread):
    """Breaks off, half-closes, resets, sends slowly, sends nonsense, does not read its answers."""

    def __init__(self, place, key, records, stop):
        super().__init__(daemon=True)
        self.place, self.key, self.records, self.stop = place, key, records, stop

    def run(self):
        ways = [self.breaks_off, self.half_closes, self.resets, self.sends_slowly, self.sends_nonsense, self.reads_not]
        while not self.stop.is_set():
            with contextlib.suppress(OSError, AssertionError):
                one = event()
                self.records.sends([one])
                with Wire(self.place.port, timeout=5) as wire:
                    random.choice(ways)(wire, one, request(TRACK, one, {"X-API-Key": self.key}))

    def breaks_off(self, wire, _, data):
        wire.send(data[:random.randrange(1, len(data))])

    def half_closes(self, wire, one, data):
        wire.send(data)
        wire.socket.shutdown(socket.SHUT_WR)
        answer = wire.answer()
        if answer:
            self.records.take(answer, [one], [])

    def resets(self, wire, _, data):
        wire.send(data)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def sends_slowly(self, wire, one, data):
        for start in range(0, len(data), 100):
            wire.send(data[start:start + 100])
            time.sleep(0.01)
        answer = wire.answer()
        if answer:
            self.records.take(answer, [one], [])

    def sends_nonsense(self, wire, _, data):
        wire.send(os.urandom(200) + b"\r\n\r\n")
        answer = wire.answer()
        assert answer is None or answer.status == 400

    def reads_not(self, wire, _, data):
        wire.send(data.replace(b"POST", b"GET") * 50)


class Disk:
    """A small disk for the log, which somebody else fills and frees. Only the daemon's log lies on it."""

    def __init__(self, place, kind):
        self.path, self.kind, self.image = place.root / "lib/log", kind, place.root / "disk.image"
        self.ballast = self.path / "somebody-elses-file"
        self.path.mkdir(parents=True)
        if kind == "tmpfs":
            self.mount("-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none")
        else:
            with open(self.image, "wb") as file:
                file.truncate(DISK_MIB << 20)
            self.command("mkfs.ext4", "-q", "-m", "0", "-F", self.image)
            self.mount("-o", "loop", self.image)

    def mount(self, *words):
        self.command("mount", *words, self.path)

    @staticmethod
    def command(*words):
        try:
            done = subprocess.run(words, capture_output=True, text=True,
                                  env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
        except FileNotFoundError as error:
            raise PermissionError(str(error)) from error
        if done.returncode != 0:
            raise PermissionError(done.stderr.strip())

    def fill(self):
        """To the last byte."""
        with contextlib.suppress(OSError), open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 4_096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self):
        self.ballast.unlink(missing_ok=True)

    def read_only(self, flag):
        subprocess.run(["mount", "-o", f"remount,{'ro' if flag else 'rw'}", self.path], capture_output=True)

    def unmount(self):
        self.free()
        wait_until(lambda: subprocess.run(["umount", self.path], capture_output=True).returncode == 0, 20,
                   "the small disk cannot be unmounted")


@contextlib.contextmanager
def installation(kind):
    """An installation whose log lies on a small disk; None where none can be had."""
    with Installation(programs=options.programs, min_free_mib=0) as place:
        try:
            disk = Disk(place, kind)
        except PermissionError as error:
            print(f"     SKIPPED: this user can mount no {kind}: {error}")
            yield None, None
            return
        try:
            yield place, disk
        finally:
            for name in list(place.running):
                place.kill(name)
            disk.unmount()


def trouble(kind, happenings):
    """Makes trouble for some time, then compares what was said with what is stored."""
    with installation(kind) as (place, disk):
        if place is None:
            return
        place.tool("migrate")
        key = place.json("project", "create", "site")["secret_key"]
        with place.config.open("a") as config:
            config.write("keep_loaded_minutes = 0\n")
        place.start("millraced")
        place.until_healthy()
        place.start("millrace-load")
        records, stop, counts = Records(), threading.Event(), {}
        senders = [Patient(place, key, records, stop, size) for size in (1, 1, 1, 40, 40)]
        senders += [Streaming(place, key, records, stop), Rude(place, key, records, stop)]
        senders += [Rude(place, key, records, stop)]
        for sender in senders:
            sender.start()
        end = time.monotonic() + options.seconds
        order = []
        while time.monotonic() < end:
            order = order or random.sample(happenings, len(happenings))
            happening = order.pop()
            counts[happening.__name__] = counts.get(happening.__name__, 0) + 1
            happening(place, disk)
            time.sleep(random.uniform(0.05, 0.5))
        disk.read_only(False)
        disk.free()
        recovers(place, key, records)
        stop.set()
        for sender in senders:
            sender.join(30)
        compare(place, records)
        said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        print(f"     seed {seed}: {said}; {len(records.acknowledged)} events acknowledged, {records.unavailable} "
              f"answers 503, {len(records.refused)} events refused")


def filled_and_freed(place, disk):
    disk.fill()
    time.sleep(random.uniform(0.1, 0.8))
    disk.free()


def filled_killed_and_freed(place, disk):
    disk.fill()
    time.sleep(random.uniform(0.05, 0.3))
    killed(place, disk)
    time.sleep(random.uniform(0.1, 0.5))
    disk.free()


def killed(place, disk):
    place.kill("millraced")
    place.start("millraced")


def loader_killed(place, disk):
    place.kill("millrace-load")
    place.start("millrace-load")


def stopped_for_a_while(place, disk):
    place.running["millraced"].send_signal(signal.SIGSTOP)
    time.sleep(random.uniform(0.1, 1.5))
    place.running["millraced"].send_signal(signal.SIGCONT)


def read_only_for_a_while(place, disk):
    disk.read_only(True)
    time.sleep(random.uniform(0.1, 0.8))
    disk.read_only(False)


def recovers(place, key, records):
    """By itself: nobody restarts the daemon that has lived through the last trouble."""
    one = event()
    records.sends([one])

    def accepted():
        with contextlib.suppress(OSError):
            answer = ask(place.port, TRACK, one, {"X-API-Key": key})
            return answer.status == 202 and records.take(answer, [one], [])
        return False

    wait_until(accepted, 30, "nothing is accepted after the trouble", lambda: place.output("millraced")[-2_000:])


def compare(place, records):
    assert place.kill("millraced", signal.SIGTERM) == 0, place.output("millraced")[-2_000:]
    if place.running["millrace-load"].poll() is None:
        assert place.kill("millrace-load", signal.SIGTERM) == 0, place.output("millrace-load")[-2_000:]
    else:
        raise AssertionError(f"the loader ended by itself: {place.output('millrace-load')[-2_000:]}")
    place.start("millrace-load", "--once")
    code = place.running.pop("millrace-load").wait(120)
    assert code == 0, f"the loader ended with {code}: {place.output('millrace-load')[-2_000:]}"
    assert not records.wrong, f"{len(records.wrong)} wrong answers: {records.wrong[0]}"
    stored = [row["id"] for row in place.json("sql", "SELECT id FROM events")]
    lost = records.acknowledged - set(stored)
    assert len(records.acknowledged) > 100, f"only {len(records.acknowledged)} events were acknowledged"
    assert not lost, f"{len(lost)} of {len(records.acknowledged)} acknowledged events are lost: {sorted(lost)[:3]}"
    assert len(stored) == len(set(stored)), f"{len(stored) - len(set(stored))} events are stored twice"
    assert not records.refused & set(stored), f"{len(records.refused & set(stored))} refused events are stored"
    assert set(stored) <= records.sent, "events are stored that nobody sent"
    for text in (place.output("millraced"), place.output("millrace-load")):
        assert "Fatal error" not in text and "Stack dump" not in text, text[-2_000:]


def a_small_memory_disk():
    """a memory disk filled to the last byte again and again, kills, stops, rude senders: nothing lost, nothing twice"""
    trouble("tmpfs", [filled_and_freed, filled_and_freed, filled_killed_and_freed, killed, loader_killed,
                      stopped_for_a_while])


def a_small_real_disk():
    """the same on a small ext4, which also turns read-only under the daemon"""
    trouble("ext4", [filled_and_freed, filled_and_freed, filled_killed_and_freed, killed, loader_killed,
                     stopped_for_a_while, read_only_for_a_while])


random.seed(seed)
run([a_small_memory_disk, a_small_real_disk])
