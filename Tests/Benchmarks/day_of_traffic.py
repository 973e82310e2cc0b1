"""One day of demo traffic, stage by stage: sent, loaded, aggregated; with the peak memory of each program.

Needs a release build. Usage: day_of_traffic.py [--visitors N] [--programs DIR]
"""

import argparse
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from installation import CHECKOUT, Installation, wait_until  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--visitors", type=int, default=100_000)
arguments.add_argument("--programs", default=str(CHECKOUT / ".build" / "release"))
options = arguments.parse_args()


class PeakMemory(threading.Thread):
    """Keeps the highest resident size of every program of the installation, by reading /proc."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.peaks, self.ended = str(root), {}, threading.Event()

    def run(self):
        while not self.ended.wait(0.2):
            for folder in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    words = (folder / "cmdline").read_bytes().decode(errors="replace")
                    if self.root not in words:
                        continue
                    peak = int(re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text()).group(1)) // 1024
                except (OSError, AttributeError):
                    continue
                name = pathlib.Path(words.split("\0")[0]).name
                self.peaks[name] = max(self.peaks.get(name, 0), peak)


def main():
    with Installation(programs=options.programs, segment_mib=64) as place:
        place.tool("migrate")
        place.tool("project", "create", "demo")
        memory = PeakMemory(place.root)
        memory.start()
        place.start("millraced")
        place.until_healthy()
        stages = []

        start = time.monotonic()
        sent = place.json("demo", "--visitors", options.visitors, "--seed", 1)
        stages.append(("generate and send", time.monotonic() - start))
        events = place.json("log", "status")["last_sequence"]

        start = time.monotonic()
        loader = place.start("millrace-load", "--once")
        wait_until(lambda: loader.poll() is not None, 1_800, "the loader does not end")
        assert loader.returncode == 0, place.output("millrace-load")[-2000:]
        stages.append(("load", time.monotonic() - start))

        start = time.monotonic()
        place.start("millrace-aggregate").wait(600)
        stages.append(("aggregate", time.monotonic() - start))
        memory.ended.set()

        live = place.tool("kv", "get", "funnel:live")
        print(f"{options.visitors:,} visitors, {events:,} events; funnel:live says", live.replace("\n", " ")[:200])
        print(f"sent for live: {sent['live']['visitors']} visitors, {sent['live']['conversions']} conversions")
        print("| stage | seconds | events a second |\n| --- | --- | --- |")
        for name, seconds in stages:
            print(f"| {name} | {seconds:.1f} | {events / seconds:,.0f} |")
        print("| program | peak memory, MiB |\n| --- | --- |")
        for name, peak in sorted(memory.peaks.items()):
            print(f"| {name} | {peak} |")


main()
