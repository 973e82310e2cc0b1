"""The box itself."""

import os
import pathlib

import machine


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


TESTS = [boots]
