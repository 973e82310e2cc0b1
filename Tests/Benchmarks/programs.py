"""What each program weighs: size of its stripped binary, time to start, resident memory when idle.

Needs a release build. Usage: programs.py [--programs DIR]
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from installation import CHECKOUT, Installation, wait_until  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=str(CHECKOUT / ".build" / "release"))
options = arguments.parse_args()
PROGRAMS = ["millraced", "millrace-load", "millrace-aggregate", "millrace-api", "millrace"]


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def main():
    print("| program | stripped, MB | `--version`, ms | idle, MiB |\n| --- | --- | --- | --- |")
    with Installation(programs=options.programs) as place, tempfile.TemporaryDirectory() as folder:
        place.tool("migrate")
        place.tool("project", "create", "weights")
        for program in PROGRAMS:
            stripped = pathlib.Path(folder) / program
            subprocess.run(["strip", "-o", stripped, place.programs / program], check=True)
            times = []
            for _ in range(9):
                start = time.monotonic()
                subprocess.run([place.programs / program, "--version"], check=True, capture_output=True)
                times.append((time.monotonic() - start) * 1000)
            idle = "ends by itself"
            if program in ("millraced", "millrace-load", "millrace-api"):
                process = place.start(program)
                wait_until((place.root / f"run/status/{program}.json").exists, 30, f"{program} does not report")
                time.sleep(2)
                idle = f"{resident_mib(process.pid):.0f}"
            print(f"| {program} | {stripped.stat().st_size / 1e6:.1f} | {statistics.median(times):.0f} | {idle} |")


main()
