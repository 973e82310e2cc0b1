"""Runs one test in a box, as root, and leaves what it came to in /box/share/result.

Usage: inside.py MODULE FUNCTION
"""

import importlib
import json
import pathlib
import subprocess
import sys
import time
import traceback

import machine


def wait_for_boot():
    """Waits until systemd has started all that it starts by itself."""
    state = "starting"
    while state in ("initializing", "starting", ""):
        time.sleep(0.01)
        state = machine.run("systemctl", "is-system-running", check=False).strip()
    if state != "running":
        raise AssertionError(f"the box is {state}: {machine.run('systemctl', '--failed', '--no-legend')}")


def main(module, function):
    start = time.monotonic()
    try:
        wait_for_boot()
        getattr(importlib.import_module(module), function)()
        result = {"passed": True, "message": ""}
    except BaseException as error:  # whatever a test ends with is its result
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{pathlib.Path(place.filename).name}:{place.lineno}"
        result = {"passed": False, "message": f"{type(error).__name__} at {where}: {error}"}
        subprocess.run(["journalctl", "-b", "-n", "120", "--no-pager", "-o", "short-precise"])
    result["seconds"] = time.monotonic() - start
    share = pathlib.Path("/box/share")
    (share / "result.new").write_text(json.dumps(result))
    (share / "result.new").rename(share / "result")


main(*sys.argv[1:3])
