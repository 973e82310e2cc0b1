"""What stands in a box: the built programs, their libraries and the units, where an installation puts them."""

import pathlib
import re
import subprocess

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ["millraced", "millrace-load", "millrace-aggregate", "millrace-api", "millrace"]
LIBRARIES = "/usr/lib/millrace"
UNITS = "/usr/lib/systemd/system"
UNIT_ENDINGS = {".service", ".socket", ".timer", ".path", ".slice"}


def folder(programs):
    return pathlib.Path(programs or CHECKOUT / ".build" / "debug").resolve()


def why_not(programs):
    """Why nothing can be tested, in a few words; None where all is built."""
    missing = [name for name in PROGRAMS if not (folder(programs) / name).exists()]
    return f"not built: {', '.join(missing)} in {folder(programs)}" if missing else None


class Stage:
    """Files to copy into a box, and files to show in it."""

    def __init__(self, programs=None):
        self.programs = folder(programs)
        self.units = CHECKOUT / "systemd"

    def arguments(self):
        libraries = self.own_libraries()
        duckdb = CHECKOUT / ".build" / "duckdb" / "libduckdb.so"
        return {
            "files": self.companions(),
            "binds": [(self.programs / name, f"/usr/bin/{name}") for name in PROGRAMS]
            + [(path, f"{LIBRARIES}/{path.name}") for path in libraries + [duckdb] if path.exists()],
            # The toolchain is not on a machine on which Millrace is installed.
            "hidden": sorted({str(path.parent) for path in libraries}),
        }

    def own_libraries(self):
        """The libraries that no Debian package brings: those of Swift."""
        found = set()
        for name in PROGRAMS:
            listed = subprocess.run(["ldd", self.programs / name], capture_output=True, text=True, check=True).stdout
            found.update(pathlib.Path(path) for path in re.findall(r"=> (/\S+)", listed))
        return sorted(path for path in found if not str(path).startswith(("/lib", "/usr/lib")))

    def companions(self):
        """Each file of `systemd/` with its place in an installation."""
        files = []
        for path in sorted(self.units.iterdir()):
            if path.suffix in UNIT_ENDINGS:
                files.append((path, f"{UNITS}/{path.name}"))
            elif path.is_dir():
                files += [(inner, f"{UNITS}/{path.name}/{inner.name}") for inner in sorted(path.iterdir())]
            elif path.name in ("millrace.sysusers.conf", "millrace.tmpfiles.conf"):
                files.append((path, f"/usr/lib/{path.suffixes[0][1:]}.d/millrace.conf"))
            else:
                files.append((path, f"{LIBRARIES}/{path.name}"))
        return files
