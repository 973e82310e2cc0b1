"""The inside of a box before systemd: runs as process 1 of fresh namespaces, makes a root file system, becomes systemd.

Usage: boot.py SPECIFICATION (a JSON file; box.py writes it). All that is mounted here vanishes with the box.
"""

import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys

NOSUID, NODEV, NOEXEC, READ_ONLY, REMOUNT, BIND, RECURSIVE = 2, 4, 8, 1, 32, 4096, 16384
PRIVATE, SHARED, DETACH = 1 << 18, 1 << 20, 2
# What a box has no use for, or what would reach out of it.
MASKED = """
    systemd-udevd.service systemd-timesyncd.service systemd-logind.service getty.target systemd-remount-fs.service
    systemd-modules-load.service systemd-binfmt.service systemd-sysctl.service systemd-random-seed.service
    proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount
    sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount systemd-pcrphase.service
    systemd-pcrphase-sysinit.service systemd-repart.service systemd-firstboot.service kmod-static-nodes.service
    systemd-machine-id-commit.service systemd-journald-audit.socket systemd-initctl.socket dbus.socket dbus.service
    systemd-tmpfiles-clean.timer systemd-ask-password-console.path systemd-ask-password-wall.path
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-user-sessions.service
""".split()
# Of an installation on the host, nothing is seen in a box.
HOST_FILES = ["etc/millrace", "var/lib/millrace", "usr/lib/millrace", "usr/lib/tmpfiles.d/millrace.conf",
              "usr/lib/sysusers.d/millrace.conf", "etc/.updated", "var/.updated", "var/lib/systemd/timers"]
DROPPED = "sys_time sys_module sys_rawio syslog wake_alarm audit_control audit_read mac_admin mac_override".split()
libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0, options=None):
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    if libc.mount(*texts, ctypes.c_ulong(flags), data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind or ''} {source} at {target}: {os.strerror(number)}")


def bind(source, target, writable=False):
    """Shows a file or directory of the host at a path of the box."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, flags=BIND | RECURSIVE)
    if not writable:
        mount(None, target, flags=BIND | REMOUNT | READ_ONLY)


def make_root(place):
    """An overlay of the host's root, with fresh file systems where the kernel and systemd want them."""
    mount(None, "/", flags=PRIVATE | RECURSIVE)
    mount("box", place, "tmpfs", options="mode=755")
    root = place / "root"
    for name in ("root", "upper", "work"):
        (place / name).mkdir()
    mount("box", root, "overlay", options=f"lowerdir=/,upperdir={place}/upper,workdir={place}/work")
    mount("proc", root / "proc", "proc", NOSUID | NODEV | NOEXEC)
    mount("sysfs", root / "sys", "sysfs", NOSUID | NODEV | NOEXEC | READ_ONLY)
    mount("cgroup2", root / "sys/fs/cgroup", "cgroup2", NOSUID | NODEV | NOEXEC)
    mount("run", root / "run", "tmpfs", NOSUID | NODEV, "mode=755")
    for path in ("tmp", "var/tmp"):
        mount("tmp", root / path, "tmpfs", NOSUID | NODEV, "mode=1777")
    make_devices(root / "dev", place)
    # No setting of the host's kernel can be changed.
    mount(root / "proc/sys", root / "proc/sys", flags=BIND | RECURSIVE)
    mount(None, root / "proc/sys", flags=BIND | REMOUNT | READ_ONLY)
    return root


def make_devices(dev, place):
    mount("dev", dev, "tmpfs", NOSUID, "mode=755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (dev / name).touch()
        mount(f"/dev/{name}", dev / name, flags=BIND)
    for name in ("pts", "shm", "mqueue"):
        (dev / name).mkdir()
    mount("devpts", dev / "pts", "devpts", options="newinstance,ptmxmode=0666,mode=620,gid=5")
    mount("shm", dev / "shm", "tmpfs", NOSUID | NODEV, "mode=1777")
    for name, target in {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1",
                         "stderr": "fd/2"}.items():
        (dev / name).symlink_to(target)
    (dev / "console").touch()
    mount(place.parent / "console", dev / "console", flags=BIND)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def configure(root):
    """The system's own units and nothing that the host's administrator enabled."""
    systemd = root / "etc/systemd"
    for entry in (systemd / "system").iterdir():
        remove(entry)
    for name in HOST_FILES:
        remove(root / name)
    for folder in ("lib/systemd/system", "usr/local/lib/systemd/system"):
        for entry in (root / folder).glob("millrace*"):
            remove(entry)
    generators = systemd / "system-generators"
    generators.mkdir(exist_ok=True)
    for folder in ("lib/systemd/system-generators", "usr/local/lib/systemd/system-generators"):
        for generator in (root / folder).glob("*"):
            remove(generators / generator.name)
            (generators / generator.name).symlink_to("/dev/null")
    for unit in MASKED:
        (systemd / "system" / unit).symlink_to("/dev/null")
    # An empty Audit=: yes and no both switch the audit of the host's kernel.
    write(systemd / "journald.conf.d/box.conf", "[Journal]\nStorage=volatile\nAudit=\nReadKMsg=no\n"
          "RateLimitIntervalSec=0\nForwardToSyslog=no\nForwardToWall=no\n")
    write(systemd / "system.conf.d/box.conf", "[Manager]\nStatusUnitFormat=name\n")
    write(root / "etc/fstab", "")
    write(root / "etc/hostname", "box\n")
    write(root / "etc/hosts", "127.0.0.1 localhost box\n::1 localhost\n")
    remove(root / "etc/machine-id")
    write(root / "etc/machine-id", pathlib.Path("/proc/sys/kernel/random/uuid").read_text().replace("-", ""))
    subprocess.run(["hostname", "box"], check=True)


def add_test(root, specification):
    """The unit that runs the test once the box has booted."""
    bind(pathlib.Path(specification["tests"]), root / "box/tests")
    bind(pathlib.Path(specification["share"]), root / "box/share", writable=True)
    write(root / "etc/systemd/system/box-test.service",
          "[Unit]\nDescription=The test of this box\n[Service]\nType=exec\nTimeoutStopSec=2s\n"
          f"ExecStart=/usr/bin/python3 -B /box/tests/inside.py {' '.join(specification['test'])}\n"
          "StandardOutput=append:/box/share/output\nStandardError=append:/box/share/output\n")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "box-test.service").symlink_to("../box-test.service")


def main(specification):
    root = make_root(pathlib.Path(specification["mount"]))
    for path in specification["hidden"]:
        mount("hidden", root / path.lstrip("/"), "tmpfs", NOSUID | NODEV, "mode=755")
    configure(root)
    for source, path in specification["files"]:
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for source, path in specification["binds"]:
        bind(pathlib.Path(source), root / path.lstrip("/"))
    add_test(root, specification)
    environment = {"container": "box", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   "LANG": "C.UTF-8", **specification["environment"]}
    if specification["environment"]:
        pairs = " ".join(f"{name}={value}" for name, value in specification["environment"].items())
        write(root / "etc/systemd/system.conf.d/environment.conf", f"[Manager]\nDefaultEnvironment={pairs}\n")
    # pivot_root wants what is not shared, and systemd's sandboxes want what is: shared after it.
    os.chdir(root)
    os.mkdir(".old")
    subprocess.run(["pivot_root", ".", ".old"], check=True)
    os.chdir("/")
    if libc.umount2(b"/.old", DETACH) != 0:
        raise OSError(ctypes.get_errno(), "the host's root cannot be unmounted")
    os.rmdir("/.old")
    mount(None, "/", flags=SHARED | RECURSIVE)
    arguments = ["setpriv", "--bounding-set", ",".join(f"-{name}" for name in DROPPED), "--", "/lib/systemd/systemd",
                 "--system", "--unit=multi-user.target", "--log-target=journal", "--show-status=0"]
    os.execve("/usr/bin/setpriv", arguments, environment)


main(json.loads(pathlib.Path(sys.argv[1]).read_text()))
