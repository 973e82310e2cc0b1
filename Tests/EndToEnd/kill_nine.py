"""Kills the daemon and the loader at random moments under load: every acknowledged event is stored exactly once.

Usage: kill_nine.py [--kills N] [--seed N] [--programs DIR]
"""

import argparse
import http.client
import json
import random
import threading
import time
import uuid

from installation import Installation, run, wait_until

arguments = argparse.ArgumentParser()
arguments.add_argument("--kills", type=int, default=50)
arguments.add_argument("--seed", type=int, default=None)
arguments.add_argument("--programs", default=None)
options = arguments.parse_args()
seed = options.seed if options.seed is not None else random.randrange(1 << 30)
BATCH = 25


class Sender(threading.Thread):
    """Sends events, one or BATCH a request, each again with the same id until it is answered."""

    def __init__(self, installation, key, batches, stop):
        super().__init__(daemon=True)
        self.installation, self.key, self.batches, self.stop = installation, key, batches, stop
        self.sent, self.acknowledged, self.refusals = set(), set(), []
        self.connection = None

    def run(self):
        while not self.stop.is_set():
            events = [self.event() for _ in range(BATCH if self.batches else 1)]
            self.sent.update(event["id"] for event in events)
            while not self.stop.is_set():
                if self.post(events):
                    self.acknowledged.update(event["id"] for event in events)
                    break
                time.sleep(0.02)

    def event(self):
        visitor = random.randrange(500)
        return {
            "id": str(uuid.uuid4()), "event_type": random.choice(["page_view", "click", "purchase"]),
            "user_id": f"v_{visitor}", "session_id": f"s_{visitor}", "url": "https://shop.example/a",
            "funnel": {"name": "checkout", "step": "cart", "order": random.randrange(3)}}

    def post(self, events):
        path = "/api/v1/track/batch" if self.batches else "/api/v1/track"
        body = json.dumps({"events": events} if self.batches else events[0])
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.installation.port, timeout=10)
            self.connection.request(
                "POST", path, body, {"Content-Type": "application/json", "X-API-Key": self.key})
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.status == 202:
                if json.loads(text)["rejected"]:
                    self.refusals.append(text)
                return True
            if answer.status != 503:
                self.refusals.append(text)
        except (OSError, http.client.HTTPException):
            self.connection = None
        return False


def every_acknowledged_event_is_stored_once():
    """every acknowledged event is stored exactly once, whatever was killed"""
    random.seed(seed)
    with Installation(programs=options.programs, segment_mib=1) as installation:
        installation.tool("migrate")
        key = installation.json("project", "create", "site")["secret_key"]
        installation.start("millraced")
        installation.until_healthy()
        installation.start("millrace-load")
        stop = threading.Event()
        senders = [Sender(installation, key, batches, stop) for batches in [False] * 4 + [True] * 2]
        for sender in senders:
            sender.start()
        for number in range(options.kills):
            time.sleep(random.uniform(0.02, 0.8))
            victim = "millraced" if random.random() < 0.5 else "millrace-load"
            installation.kill(victim)
            installation.start(victim)
            if victim == "millraced" and number % 10 == 9:
                installation.until_healthy()
        installation.until_healthy()
        time.sleep(1)
        stop.set()
        for sender in senders:
            sender.join(30)
        assert installation.kill("millraced", 15) == 0, installation.output("millraced")[-2000:]
        wait_until(
            lambda: installation.running["millrace-load"].poll() is None, 5, "the loader ended by itself",
            lambda: installation.output("millrace-load")[-2000:])
        assert installation.kill("millrace-load", 15) == 0, installation.output("millrace-load")[-2000:]
        installation.start("millrace-load", "--once")
        code = installation.running.pop("millrace-load").wait(120)
        assert code == 0, f"the loader ended with {code}: {installation.output('millrace-load')[-2000:]}"

        sent = set().union(*(sender.sent for sender in senders))
        acknowledged = set().union(*(sender.acknowledged for sender in senders))
        refusals = [refusal for sender in senders for refusal in sender.refusals]
        assert not refusals, f"{len(refusals)} requests were refused: {refusals[0]}"
        stored = [row["id"] for row in installation.json("sql", "SELECT id FROM events")]
        assert len(acknowledged) > options.kills, f"only {len(acknowledged)} events were acknowledged"
        lost = acknowledged - set(stored)
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged events are lost, {sorted(lost)[:3]}"
        assert len(stored) == len(set(stored)), f"{len(stored) - len(set(stored))} events are stored twice"
        assert set(stored) <= sent, "events are stored that nobody sent"
        print(
            f"     seed {seed}: {options.kills} kills, {len(acknowledged)} events acknowledged, {len(stored)} stored")


run([every_acknowledged_event_is_stored_once])
