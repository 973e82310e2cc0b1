import ControlStore
import EventModel
import Glibc
import Warehouse
import WriteAheadLog

/// One thing that was looked at.
struct Finding: Equatable {
    enum State: String { case ok, warn, fail }

    let check: String
    let state: State
    let message: String
    /// How to mend it.
    var mend: String?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, state: .ok, message: message)
    }

    static func warn(_ check: String, _ message: String, mend: String) -> Finding {
        Finding(check: check, state: .warn, message: message, mend: mend)
    }

    static func fail(_ check: String, _ message: String, mend: String) -> Finding {
        Finding(check: check, state: .fail, message: message, mend: mend)
    }
}

/// Looks at everything that an installation needs.
struct Doctor {
    let tool: Tool

    func examine() -> [Finding] {
        [.ok("configuration", tool.configurationFile.map { "\($0) is good" } ?? "built-in defaults, no file")]
            + directories() + [disk(), clock(), duckDB(), sqlite()] + database() + sockets()
    }

    private func directories() -> [Finding] {
        let configuration = tool.configuration
        return [
            ("data_dir", configuration.dataDirectory), ("log", configuration.logDirectory),
            ("events", configuration.eventsDirectory), ("runtime_dir", configuration.runtimeDirectory),
            ("status", configuration.statusDirectory),
        ].map { name, path in
            if access(path, F_OK) != 0 {
                return .fail(name, "\(path) is not there", mend: "run `millrace migrate`, or `millrace up`")
            }
            if access(path, R_OK | W_OK | X_OK) != 0 {
                return .fail(name, "this user may not write \(path)", mend: "run as its owner, or chown it")
            }
            return .ok(name, "\(path) can be written")
        }
    }

    private func disk() -> Finding {
        var facts = statvfs()
        let path = tool.configuration.dataDirectory
        guard statvfs(path, &facts) == 0 else {
            return .fail("disk", "cannot look at \(path)", mend: "run `millrace migrate`, or `millrace up`")
        }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        let least = UInt64(tool.configuration.log.minFreeMiB) << 20
        let text = "\(Display.bytes(free)) free"
        let mend = "free some space, or lower log.min_free_mib"
        if free < least { return .fail("disk", "\(text), log.min_free_mib is \(Display.bytes(least))", mend: mend) }
        if free < 2 * least { return .warn("disk", "\(text): workers stop at twice log.min_free_mib", mend: mend) }
        return .ok("disk", text)
    }

    private func clock() -> Finding {
        let now = Clock.system.now()
        var status = stat()
        if stat(ProcessTable.ownPath(), &status) == 0 {
            let built = Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1_000)
            if now < built {
                return .fail(
                    "clock", "it shows \(now.wholeSecondsText), before these programs were installed",
                    mend: "set the clock: timedatectl set-ntp true")
            }
        }
        let written = (try? LogDirectory.status(tool.configuration.logDirectory))?.lastWrittenAt
        if let written, written > now + .seconds(300) {
            return .fail(
                "clock", "it shows \(now.wholeSecondsText), the log was written at \(written.wholeSecondsText)",
                mend: "set the clock: timedatectl set-ntp true")
        }
        // systemd-timesyncd and chrony tell so by a file; where neither runs, somebody else may keep the clock.
        let marks = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid"]
        guard marks.contains(where: { access($0, F_OK) == 0 }) else {
            return .warn(
                "clock", "\(now.wholeSecondsText); neither systemd-timesyncd nor chrony keeps it synchronised",
                mend: "timedatectl set-ntp true, unless the machine's host keeps the clock")
        }
        return .ok("clock", "synchronised, \(now.wholeSecondsText)")
    }

    private func duckDB() -> Finding {
        do throws(WarehouseError) {
            let library = try DuckDBLibrary.locate(configured: tool.configuration.warehouse.duckdbLibrary)
            return .ok("libduckdb", "\(library.version) from \(library.path)")
        } catch {
            return .fail(
                "libduckdb", error.description, mend: "run deploy/requirements, or set warehouse.duckdb_library")
        }
    }

    private func sqlite() -> Finding {
        let version = SQLiteVersion.current
        guard version.resetsWALSafely else {
            return .warn(
                "SQLite",
                "\(version) can corrupt a database whose WAL two connections reset; these programs avoid that",
                mend: "never open control.sqlite for writing with other programs; 3.51.3 has it mended")
        }
        return .ok("SQLite", "\(version)")
    }

    private func database() -> [Finding] {
        let store: ControlStore
        do throws(StoreError) { store = try tool.store() } catch {
            return [.fail("database", error.description, mend: "run `millrace migrate`")]
        }
        var findings: [Finding] = [.ok("database", "\(store.path) has this version's schema")]
        do {
            let (projects, snapshot, letters) = try store.read { transaction in
                (try transaction.projects(), try transaction.snapshot(), try transaction.count(of: "dead_letters"))
            }
            findings.append(
                projects.isEmpty
                    ? .warn("projects", "there is none", mend: "millrace project create NAME")
                    : .ok("projects", "\(projects.count)"))
            findings += projects.filter(\.domains.isEmpty).map { project in
                .warn(
                    "project \(project.name)", "pages of any host may send with its public key",
                    mend: "make it with --domain HOST")
            }
            findings += snapshot.projects.filter(\.keys.isEmpty).map { project in
                .warn(
                    "project \(project.name)", "it has no key, so nothing can send for it",
                    mend: "millrace project key create --project \(project.projectID)")
            }
            findings.append(self.snapshot(version: snapshot.version))
            if letters > 0 {
                findings.append(
                    .warn("dead letters", "\(letters)", mend: "millrace sql \"SELECT kind, reason FROM dead_letters\""))
            }
        } catch {
            findings.append(.fail("database", "\(error)", mend: "restore the newest backup"))
        }
        return findings
    }

    private func snapshot(version: Int64) -> Finding {
        let mend = "run `millrace jobs tick`, which writes it again"
        guard let written = ProjectSnapshotFile.read(path: tool.configuration.snapshotFile) else {
            return .fail("snapshot", "the daemon has no readable \(tool.configuration.snapshotFile)", mend: mend)
        }
        guard written.version >= version else {
            return .warn("snapshot", "it is at version \(written.version), the database at \(version)", mend: mend)
        }
        return .ok("snapshot", "version \(written.version)")
    }

    private func sockets() -> [Finding] {
        let configuration = tool.configuration
        let start = "start it with `millrace up`, or systemctl start"
        var findings = [("ingest.unix", configuration.ingest.unix), ("ingest.stream", configuration.ingest.stream)].map
        {
            name, path -> Finding in
            do throws(ToolError) {
                _ = try LocalSocket.unix(path)
                return .ok(name, "\(path) answers")
            } catch {
                return .warn(name, "nobody listens at \(path)", mend: start)
            }
        }
        let health = Health(configuration: configuration)
        for (name, address) in [("ingest.http", configuration.ingest.http), ("api.listen", configuration.api.listen)] {
            findings.append(
                health.answers(address)
                    ? .ok(name, "\(address) answers") : .warn(name, "\(address) does not answer", mend: start))
        }
        return findings
    }
}
