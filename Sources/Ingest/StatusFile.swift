import EventModel
import Glibc

/// `status/millraced.json`: what `millrace status` shows of the daemon. Replaced by rename, only when it changed.
struct StatusFile {
    let path: String
    private var last: [UInt8] = []

    init(path: String) { self.path = path }

    /// Nil where it was written or had not changed, else why not.
    mutating func write(_ content: [UInt8]) -> String? {
        guard content != last else { return nil }
        do throws(FileError) { try AtomicFile.replace(path, with: content, mode: 0o640, isDurable: false) } catch {
            return error.description
        }
        last = content
        return nil
    }

    /// The file's content.
    static func content(
        _ values: Counters.Values, shared: IngestShared, snapshotVersion: Int64, listeners: [String],
        warnings: [String] = [], lastError: String?
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.member("program", "millraced")
            $0.member("pid", Int(getpid()))
            $0.member("started_at", shared.startedAt.description)
            $0.member("last_sequence", shared.log.lastSequence)
            $0.member("durable_sequence", shared.log.durableSequence)
            $0.member("log_refusal", shared.log.refusal?.description)
            $0.member("snapshot_version", Int(snapshotVersion))
            $0.object("beacons") { json in
                for (name, count) in values.verdict.named { json.member(name, count) }
                json.member("since", shared.startedAt.description)
            }
            $0.object("refusals") { json in
                for (reason, count) in values.refusals.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    json.member(reason.rawValue, count)
                }
            }
            $0.array("listeners") { json in listeners.forEach { json.element($0) } }
            $0.array("warnings") { json in warnings.forEach { json.element($0) } }
            $0.array("refused_sample") { json in
                for refusal in values.sample {
                    json.object {
                        $0.member("at", refusal.at.description)
                        $0.member("reason", refusal.reason.rawValue)
                        if let field = refusal.field { $0.member("field", field) }
                        $0.member("error", refusal.text)
                        if let project = refusal.project { $0.member("project_id", project) }
                        $0.member("endpoint", refusal.endpoint)
                    }
                }
            }
            $0.member("last_error", lastError)
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
