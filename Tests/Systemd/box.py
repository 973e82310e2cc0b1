"""A box: a real systemd, booted as process 1 of its own namespaces over the host's files, for one test.

Needs root and Debian's systemd, python3 and util-linux. Nothing of a box is left when it is closed, or when the process
that made it dies in any way: its processes are killed with that process, and a sweeper removes the rest.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
UNIFIED = [pathlib.Path("/sys/fs/cgroup"), pathlib.Path("/sys/fs/cgroup/unified")]
UNSHARE = ["unshare", "--pid", "--mount", "--ipc", "--uts", "--net", "--cgroup", "--fork", "--kill-child=KILL",
           "--propagation", "private", "--"]


class CannotMake(Exception):
    """Why there can be no box here."""


def own_control_group():
    """The directory of this process's control group in the unified hierarchy."""
    for root in UNIFIED:
        if (root / "cgroup.procs").exists():
            for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
                if line.startswith("0::"):
                    return root / line[3:].lstrip("/")
    raise CannotMake("needs control groups version 2")


def why_not():
    """Why no box can be made here, in a few words; None where it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.access("/lib/systemd/systemd", os.X_OK):
        return "needs the Debian package systemd"
    if not os.access("/usr/bin/python3", os.X_OK):
        return "needs the Debian package python3"
    with tempfile.TemporaryDirectory(prefix="millrace-box-", dir="/run") as folder:
        tried = (f"mount --make-rprivate / && mount -t tmpfs box {folder} && cd {folder} && mkdir u w r c && "
                 f"mount -t overlay -o lowerdir=/,upperdir={folder}/u,workdir={folder}/w box r && "
                 "mount -t proc proc r/proc && mount -t cgroup2 cgroup2 c")
        try:
            own_control_group()
            done = subprocess.run([*UNSHARE, "sh", "-c", tried], capture_output=True, text=True, timeout=30)
        except CannotMake as error:
            return str(error)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"namespaces are refused: {error}"
    return None if done.returncode == 0 else f"namespaces are refused: {done.stderr.strip().splitlines()[-1:]}"


class Box:
    """Runs one test in a box: `with Box(…) as box: outcome = box.wait(seconds)`."""

    def __init__(self, test, files=(), binds=(), hidden=(), date=None):
        """`test` is what inside.py is told; `files` are copied and `binds` shown, each from the host to a path of the
        box; `hidden` directories are empty in it. With a `date` (seconds since 1970) its clock begins there."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-box-", dir="/run"))
        self.group = own_control_group() / self.folder.name
        self.sweeper = self.process = None
        for name in ("mount", "share"):
            (self.folder / name).mkdir()
        (self.folder / "console").touch()
        self.specification = {
            "mount": str(self.folder / "mount"), "share": str(self.folder / "share"), "tests": str(HERE),
            "test": list(test), "files": [[str(a), b] for a, b in files], "binds": [[str(a), b] for a, b in binds],
            "hidden": list(hidden), "environment": {}}
        if date is not None:
            self.shift_clock(date)

    def shift_clock(self, date):
        library = self.folder / "clock.so"
        subprocess.run(["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, HERE / "clock.c"], check=True)
        (self.folder / "share" / "clock").write_bytes(struct.pack("<q", round(date - time.time())))
        self.specification["files"].append([str(library), "/usr/lib/box-clock.so"])
        self.specification["environment"]["LD_PRELOAD"] = "/usr/lib/box-clock.so"

    def __enter__(self):
        self.sweeper = subprocess.Popen(
            [sys.executable, "-B", HERE / "box.py", self.folder, self.group], stdin=subprocess.PIPE,
            start_new_session=True)
        self.group.mkdir()
        path = self.folder / "specification.json"
        path.write_text(json.dumps(self.specification))
        with open(self.folder / "console", "ab") as console:
            # Dies with this process, and the box with it.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *UNSHARE, "/usr/bin/python3", "-B", HERE / "boot.py", path],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                preexec_fn=lambda: (self.group / "cgroup.procs").write_text(str(os.getpid())))
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.sweeper.stdin.close()
        self.sweeper.wait()

    def wait(self, seconds):
        """What the test came to: {"passed": …, "message": …}."""
        end = time.monotonic() + seconds
        result = self.folder / "share" / "result"
        while not result.exists():
            if self.process.poll() is not None:
                return {"passed": False, "message": f"the box died:\n{self.console()}"}
            if time.monotonic() > end:
                return {"passed": False, "message": f"not done after {seconds} s\n{self.console()}{self.journal()}"}
            time.sleep(0.02)
        return json.loads(result.read_text())

    def output(self):
        path = self.folder / "share" / "output"
        return path.read_text(errors="replace") if path.exists() else ""

    def console(self):
        return (self.folder / "console").read_text(errors="replace")

    def journal(self):
        """The journal's end, read from outside; nothing where the box does not answer."""
        with contextlib.suppress(OSError, IndexError, subprocess.TimeoutExpired):
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return subprocess.run(
                ["nsenter", "-t", children.split()[0], "-m", "-p", "-r", "-w", "journalctl", "-n", "200", "--no-pager"],
                capture_output=True, text=True, timeout=30).stdout
        return ""


def sweep(folder, group):
    """Waits until whoever holds the other end of stdin is gone, then removes what is left of his box."""
    sys.stdin.buffer.read()
    end = time.monotonic() + 20
    while group.exists() and time.monotonic() < end:
        for path in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                for pid in map(int, path.read_text().split()):
                    if pid > 1:
                        os.kill(pid, signal.SIGKILL)
        for path in [*sorted(group.rglob("*/"), key=lambda path: -len(path.parts)), group]:
            with contextlib.suppress(OSError):
                path.rmdir()
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sweep(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
