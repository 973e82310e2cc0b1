"""What ingest is compared to: nginx that answers 204 and keeps nothing, Redis that syncs each append. And how the
processor and the memory of a process are read."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from installation import free_port, wait_until  # noqa: E402

PACKAGES = {"nginx": "nginx-light", "redis-server": "redis-server", "cc": "gcc libc6-dev"}


def demand_programs(names):
    """Ends with the Debian packages that are missing."""
    missing = [PACKAGES[name] for name in names if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")]
    if missing:
        raise SystemExit(f"missing programs: apt-get install {' '.join(missing)}")


def family(pid):
    """The process and its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_seconds(pid):
    """utime + stime of the process and its children."""
    ticks = 0
    for one in family(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_seconds():
    """How long the processors have been busy, and how long the host took them away (steal), since the start."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def forget_peak(pid):
    """From here on VmHWM says the peak anew."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mib(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def takes_connections(address):
    unix = str(address).startswith("/")
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        host, _, port = str(address).rpartition(":")
        return probe.connect_ex(str(address) if unix else (host, int(port))) == 0


class Rival:
    """A server process in a folder of its own, for a `with`: ended and removed behind it."""

    def __init__(self, folder, words, addresses):
        self.folder, self.words, self.addresses = folder, words, addresses

    def __enter__(self):
        self.output = open(self.folder / "output", "wb")
        self.process = subprocess.Popen(self.words, stdout=self.output, stderr=self.output, cwd=self.folder)
        self.pid = self.process.pid
        wait_until(lambda: all(map(takes_connections, self.addresses)), 10, f"{self.words[0]} does not listen",
                   lambda: (self.folder / "output").read_text())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        shutil.rmtree(self.folder)


def nginx(folder):
    """One worker; its first address is TCP, its second a Unix socket. A body that comes is read and thrown away."""
    folder.mkdir()
    addresses = [f"127.0.0.1:{free_port()}", f"{folder}/nginx.sock"]
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors crit;\n"
        "events { worker_connections 1024; }\n"
        "http {\n"
        "    access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;\n"
        "    client_body_buffer_size 1m; client_max_body_size 8m; client_body_temp_path temp;\n"
        f"    server {{ listen {addresses[0]}; listen unix:{addresses[1]}; location / {{ return 204; }} }}\n"
        "}\n")
    return Rival(folder, ["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], addresses)


def redis(folder):
    """An empty Redis on loopback that appends to a file on the same disk and syncs before it answers."""
    folder.mkdir()
    port = free_port()
    return Rival(folder, [
        "redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--daemonize", "no", "--save", "",
        "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--loglevel", "warning",
    ], [f"127.0.0.1:{port}"])
