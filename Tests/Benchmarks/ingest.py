#!/usr/bin/env python3
"""How many events a second `millraced` takes, beside nginx answering 204 and Redis syncing each append: in rounds on
the same machine, with medians, ratios and the bars. README.md says what is fair about it.

Needs a release build and the Debian packages gcc, nginx-light and redis-server.
Usage: ingest.py [--rounds N] [--seconds S] [--only NAME,…] [--programs DIR] [--retries N] [--ids] [--json FILE]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from generator import Generator  # noqa: E402
from installation import CHECKOUT, Installation  # noqa: E402
from rivals import cpu_seconds, demand_programs, forget_peak, machine_seconds, nginx, peak_mib, redis  # noqa: E402

# name: who serves, what it is called in the table, the generator's mode and options
SERIES = {
    "nginx-tcp": ("nginx", "nginx 204, TCP", "plain", {}),
    "tcp": ("millraced", "`millraced`, TCP", "http", {}),
    "redis": ("redis", "Redis XADD, TCP", "redis", {}),
    "nginx-unix": ("nginx", "nginx 204, Unix socket", "plain", {}),
    "unix": ("millraced", "`millraced`, Unix socket", "http", {}),
    "nginx-batch": ("nginx", "nginx 204, batches, TCP", "plain", {"events": 100}),
    "tcp-batch": ("millraced", "`millraced`, batches, TCP", "http", {"events": 100}),
    "unix-batch": ("millraced", "`millraced`, batches, Unix socket", "http", {"events": 100}),
    "redis-pipelined": ("redis", "Redis XADD, 100 outstanding, TCP", "redis", {"depth": 100}),
    "stream": ("millraced", "`millraced`, stream socket", "stream", {}),
}

# A run in which other processes took less than this is not disturbed.
CALM_CORES = 0.15


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", default=",".join(SERIES), help="names, separated by commas: " + ", ".join(SERIES))
    parser.add_argument("--programs", default=str(CHECKOUT / ".build" / "release"))
    parser.add_argument("--retries", type=int, default=0, help="how often a run that others disturbed is repeated")
    parser.add_argument("--ids", action="store_true", help="give each event an id of its own")
    parser.add_argument("--json", help="a file for the figures of each round")
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = set(options.only) - set(SERIES)
    if unknown:
        parser.error(f"no such series: {', '.join(unknown)}")
    return options


class Bench:
    """The servers of a run. millraced and nginx stay; Redis begins anew each time."""

    def __init__(self, place, generator, options):
        self.place, self.generator, self.options = place, generator, options
        place.tool("migrate")
        self.key = place.json("project", "create", "bench")["secret_key"]
        self.daemon = place.start("millraced")
        place.until_healthy()

    def millraced(self, name, mode, settings):
        address = (f"127.0.0.1:{self.place.port}" if name.startswith("tcp")
                   else f"{self.place.root}/run/{'stream' if mode == 'stream' else 'ingest'}.sock")
        try:
            return self.measure(self.daemon.pid, mode, address, {**settings, "key": self.key})
        finally:
            # A benchmark's disk is not endless, and nothing loads here. The newest are the daemon's.
            for segment in sorted((self.place.root / "lib/log").glob("*.wal"))[:-2]:
                segment.unlink()

    def measure(self, pid, mode, address, settings):
        if self.options.ids and mode != "plain":
            settings = {**settings, "ids": True}
        forget_peak(pid)
        start, before, (busy, stolen) = time.monotonic(), cpu_seconds(pid), machine_seconds()
        result = self.generator.run(mode, address, self.options.seconds, **settings)
        wall, used, (busy_after, stolen_after) = time.monotonic() - start, cpu_seconds(pid) - before, machine_seconds()
        result["cpu_us_per_event"] = used / result["total_events"] * 1e6
        result["peak_mib"] = peak_mib(pid)
        result["generator_cores"] = sum(result["cpu_seconds"].values()) / result["wall_seconds"]
        others = (busy_after - busy - used) / wall - result["generator_cores"]
        result["other_cores"], result["stolen_cores"] = max(0, others), (stolen_after - stolen) / wall
        return result

    def calmest(self, name, nginx_server):
        """The first run in which other processes took little, or the calmest of those allowed."""
        runs = []
        while len(runs) <= self.options.retries and not (runs and runs[-1]["other_cores"] < CALM_CORES):
            runs.append(self.run(name, nginx_server))
            print("{}: {events_per_second:,.0f}, others took {other_cores:.2f} cores".format(name, **runs[-1]),
                  file=sys.stderr, flush=True)
            time.sleep(0.3)
        return min(runs, key=lambda result: result["other_cores"])

    def run(self, name, nginx_server):
        who, _, mode, settings = SERIES[name]
        if who == "millraced":
            return self.millraced(name, mode, settings)
        if who == "nginx":
            return self.measure(nginx_server.pid, mode, nginx_server.addresses[name == "nginx-unix"], settings)
        with redis(self.place.root / "redis") as server:
            return self.measure(server.pid, mode, server.addresses[0], settings)


def calm(rounds, *names):
    """The rounds in which others left all these series alone; all rounds where there is none."""
    chosen = [figures for figures in rounds if all(figures[name]["other_cores"] < CALM_CORES for name in names)]
    return chosen or rounds


def column(rounds, name, *path):
    """One figure of a series, for each round that was not disturbed."""
    values = [figures[name] for figures in calm(rounds, name)]
    for step in path:
        values = [value[step] for value in values]
    return values


def print_disturbance(rounds, names):
    """What neither the server nor the generator used: where it is much, the figures are worth little."""
    for what, field in [("other processes", "other_cores"), ("the host of this machine", "stolen_cores")]:
        values = [figures[name][field] for name in names for figures in rounds]
        print(f"{what} took {statistics.median(values):.2f} cores in the middle run, {max(values):.2f} in the worst")
    kept = sum(figures[name]["other_cores"] < CALM_CORES for name in names for figures in rounds)
    print(f"{kept} of {len(names) * len(rounds)} runs were left alone (others below {CALM_CORES} cores); "
          "a series' disturbed runs count only where it has no other\n")


def print_figures(rounds, names):
    print("| | events a second | p50, ms | p99, ms | p99.9, ms | CPU per event, µs | peak, MiB | generator, cores |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        def middle(*path):
            return statistics.median(column(rounds, name, *path))
        latencies = " | ".join(f"{middle('latency_us', point) / 1000:.2f}" for point in ("p50", "p99", "p99.9"))
        print(f"| {SERIES[name][1]} | {middle('events_per_second'):,.0f} | {latencies} | "
              f"{middle('cpu_us_per_event'):.2f} | {middle('peak_mib'):.0f} | {middle('generator_cores'):.2f} |")


def bars(rounds, names):
    """Each bar that the series allow: its name, what was measured, what is wanted, and whether it is reached."""
    def have(*wanted):
        return all(name in names for name in wanted)

    def ratio(ours, theirs):
        return statistics.median(figures[ours]["events_per_second"] / figures[theirs]["events_per_second"]
                                 for figures in calm(rounds, ours, theirs))

    def middle(name, *path):
        return statistics.median(column(rounds, name, *path))

    if have("tcp", "nginx-tcp"):
        value = ratio("tcp", "nginx-tcp")
        yield "single events over TCP, of nginx's 204", f"{value:.2f}", "≥ 0.60", value >= 0.6
    if have("tcp", "redis"):
        value = ratio("tcp", "redis")
        yield "single events over TCP, of Redis's XADDs", f"{value:.2f}", "> 1", value > 1
    if have("tcp"):
        value = middle("tcp", "latency_us", "p99") / 1000
        yield "single events over TCP, p99", f"{value:.2f} ms", "< 3 ms", value < 3
        value = middle("tcp", "cpu_us_per_event")
        yield "CPU per single event", f"{value:.1f} µs", "< 16 µs", value < 16
    if have("unix", "nginx-unix"):
        value = ratio("unix", "nginx-unix")
        yield "single events over the Unix socket, of nginx's 204", f"{value:.2f}", "no bar", None
    if have("tcp-batch"):
        value = middle("tcp-batch", "events_per_second")
        yield "events in batches of 100 over TCP", f"{value / 1e6:.2f} M/s", "≥ 1.2 M/s", value >= 1.2e6
        value = middle("tcp-batch", "cpu_us_per_event")
        yield "CPU per event in batches", f"{value:.2f} µs", "< 1 µs", value < 1
    if have("tcp-batch", "redis-pipelined"):
        value = ratio("tcp-batch", "redis-pipelined")
        yield "batches over TCP, of Redis pipelined", f"{value:.1f}", "≥ 4", value >= 4
    if have("stream"):
        value = middle("stream", "events_per_second")
        yield "stream socket", f"{value / 1e6:.2f} M/s", "≥ 1 M/s", value >= 1e6
    ours = [name for name in names if SERIES[name][0] == "millraced"]
    if ours:
        value = max(figures[name]["peak_mib"] for figures in rounds for name in ours)
        yield "memory of `millraced`, highest", f"{value:.0f} MiB", "< 64 MiB", value < 64


def main():
    options = arguments()
    demand_programs(["cc", *(["nginx"] if any("nginx" in name for name in options.only) else []),
                     *(["redis-server"] if any("redis" in name for name in options.only) else [])])
    rounds = []
    with Installation(programs=options.programs, segment_mib=64) as place:
        kind = subprocess.run(["stat", "-f", "-c", "%T", place.root], capture_output=True, text=True).stdout.strip()
        if kind in ("tmpfs", "ramfs"):
            raise SystemExit(f"{place.root} lies in memory, where a sync is free: set TMPDIR to a directory on a disk")
        bench = Bench(place, Generator(place.root), options)
        with nginx(place.root / "nginx") as nginx_server:
            for _ in range(options.rounds):
                rounds.append({name: bench.calmest(name, nginx_server) for name in options.only})
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rounds, indent=1) + "\n")
    ids = ", an id in each event" if options.ids else ""
    print(f"{options.rounds} rounds of {options.seconds:g} s, medians{ids}")
    print_disturbance(rounds, options.only)
    print_figures(rounds, options.only)
    print("\n| bar | measured | wanted | |\n| --- | --- | --- | --- |")
    for name, value, wanted, reached in bars(rounds, options.only):
        print(f"| {name} | {value} | {wanted} | {'' if reached is None else 'PASS' if reached else 'missed'} |")


main()
