"""The box itself."""

import os
import pathlib
import signal
import subprocess
import sys

import box
import machine

HOLDER = """
import sys, time
import box
with box.Box(["test_box", "boots"]) as place:
    print(place.folder, place.group, place.wait(30)["passed"], flush=True)
    time.sleep(60)
"""


def boots():
    """systemd runs as process 1, with nothing failed and nothing of the host's reachable"""
    assert pathlib.Path("/proc/1/comm").read_text() == "systemd\n"
    assert machine.run("systemctl", "--failed", "--no-legend") == ""
    assert os.uname().nodename == "box"
    assert "lo" in machine.run("cat", "/proc/net/dev"), "no loopback interface"
    try:
        pathlib.Path("/proc/sys/kernel/hostname").write_text("x")
    except OSError:
        return
    raise AssertionError("a setting of the kernel can be changed")


def killed():
    """a box whose maker was killed with SIGKILL leaves no process, no file and no control group"""
    holder = subprocess.Popen(
        [sys.executable, "-B", "-c", HOLDER], cwd=pathlib.Path(__file__).parent, stdout=subprocess.PIPE, text=True)
    try:
        folder, group, passed = holder.stdout.readline().split()
        assert passed == "True" and pathlib.Path(group, "cgroup.procs").exists()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    machine.wait_until(lambda: not left_of(folder, group), 20, lambda: left_of(folder, group))


def stuck():
    """a test that does not end is ended at its limit, and leaves nothing"""
    with box.Box(["no_such_module", "nothing"]) as place:
        for path in place.group.rglob("cgroup.procs"):
            for pid in map(int, path.read_text().split()):
                os.kill(pid, signal.SIGSTOP)
        outcome = place.wait(1)
    assert not outcome["passed"] and "not done after 1 s" in outcome["message"], outcome
    assert not left_of(place.folder, place.group), left_of(place.folder, place.group)


def left_of(folder, group):
    """What is left of a box: its files, its control group, and processes that name it."""
    left = [str(path) for path in (folder, group) if pathlib.Path(path).exists()]
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words:
            left.append(words.decode(errors="replace"))
    return left


# These make boxes themselves.
killed.outside = stuck.outside = True
TESTS = [boots, killed, stuck]
