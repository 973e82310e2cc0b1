"""Durable single-event POSTs a second beside nginx answering 204 to the same POST and keeping nothing.

Needs Debian's nginx and wrk, and a release build. Runs both in turn on loopback; the load generator shares the cores.
Usage: single_posts.py [--rounds N] [--seconds N] [--connections N] [--programs DIR]
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from installation import CHECKOUT, Installation, free_port, wait_until  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--rounds", type=int, default=5)
arguments.add_argument("--seconds", type=int, default=8)
arguments.add_argument("--connections", type=int, default=64)
arguments.add_argument("--programs", default=str(CHECKOUT / ".build" / "release"))
options = arguments.parse_args()

# About 600 bytes, as a page sends them.
BEACON = {
    "event_type": "page_view", "user_id": "v_8f3a91c2d4e5f607", "session_id": "s_1234567890abcdef",
    "url": "https://shop.example/products/espresso-machine?utm_source=newsletter&utm_medium=mail",
    "referrer": "https://www.google.com/", "properties": {"plan": "pro", "list": "featured"},
    "element_path": "main > section.hero > div > button.cta", "element_type": "button", "element_text": "Add to cart",
    "component_id": "hero", "coordinates": {"x": 312, "y": 518}, "viewport_size": {"width": 1280, "height": 720},
    "event_data": {"hesitation_ms": 2300},
    "session": {"landing_page": "https://shop.example/", "screen_resolution": "2560x1440", "language": "en-GB"},
}


def wrk(port, path, key, script):
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f'wrk.headers["X-API-Key"] = "{key}"\nwrk.body = [[{json.dumps(BEACON)}]]\n')
    printed = subprocess.run(
        ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency", "-s", script,
         f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    failures = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    if failures:
        raise SystemExit(f"{failures.group(1)} requests to port {port} were refused:\n{printed}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", printed).group(1))
    worst = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed)
    return rate, float(worst.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[worst.group(2)]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def main():
    for needed in ["nginx", "wrk"]:
        if not shutil.which(needed):
            raise SystemExit(f"{needed} is missing: apt-get install nginx-light wrk")
    with Installation(programs=options.programs, segment_mib=64) as place:
        place.tool("migrate")
        key = place.json("project", "create", "bench")["secret_key"]
        daemon = place.start("millraced")
        place.until_healthy()
        port = free_port()
        (place.root / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {place.root}/nginx.pid; error_log {place.root}/nginx.log;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; keepalive_requests 100000000; server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }} }}\n")
        nginx = subprocess.Popen(["nginx", "-p", place.root, "-c", place.root / "nginx.conf"])
        try:
            time.sleep(1)
            rows = []
            for _ in range(options.rounds):
                theirs, their_worst = wrk(port, "/", key, place.root / "post.lua")
                before = cpu_seconds(daemon.pid)
                ours, our_worst = wrk(place.port, "/api/v1/track", key, place.root / "post.lua")
                cpu = (cpu_seconds(daemon.pid) - before) / (ours * options.seconds) * 1e6
                rows.append((theirs, their_worst, ours, our_worst, cpu, ours / theirs))
                for segment in sorted((place.root / "lib/log").glob("*.wal"))[:-2]:
                    segment.unlink()  # a benchmark's disk is not endless, and nothing loads here
        finally:
            nginx.terminate()
            nginx.wait()
        medians = [statistics.median(column) for column in zip(*rows)]
        print(f"{options.rounds} rounds of {options.seconds} s, {options.connections} connections, medians")
        print("| | requests a second | p99, ms | CPU per event, µs |\n| --- | --- | --- | --- |")
        print(f"| nginx 204 | {medians[0]:,.0f} | {medians[1]:.2f} | |")
        print(f"| millraced, durable | {medians[2]:,.0f} | {medians[3]:.2f} | {medians[4]:.1f} |")
        print(f"ratio {medians[5]:.2f}, peak memory of millraced {peak_mib(daemon.pid):.0f} MiB")


main()
