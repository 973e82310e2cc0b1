"""The load generator of `load/`: compiled once, then run; its JSON as a dictionary."""

import json
import pathlib
import shutil
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parent / "load"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]


class Generator:
    """The compiled generator. A run that is not clean raises AssertionError with the first bad answer."""

    def __init__(self, folder):
        if not shutil.which("cc"):
            raise SystemExit("cc is missing: apt-get install gcc libc6-dev")
        self.program = pathlib.Path(folder) / "load"
        subprocess.run(["cc", *FLAGS, "-o", self.program, *sorted(SOURCES.glob("*.c"))], check=True)

    def run(self, mode, address, seconds, **options):
        """`address` is "host:port" or a path. Options are those of the program, without their dashes."""
        words = [self.program, mode, "--unix" if str(address).startswith("/") else "--tcp", str(address),
                 "--event", SOURCES / "beacon.json", "--seconds", str(seconds)]
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [] if value is None else [f"--{name}", str(value)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60)
        if done.returncode != 0:
            raise AssertionError(f"{mode} at {address} is no result: {done.stderr}{done.stdout}")
        return json.loads(done.stdout)
