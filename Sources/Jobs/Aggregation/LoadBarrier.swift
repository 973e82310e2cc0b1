import ControlStore
import EventModel
import WriteAheadLog

/// Tells whether all that stood in the log at a moment has been loaded.
struct LoadBarrier {
    /// Records of one moment may stand in the log a little out of order.
    static let slack = Duration.seconds(2)

    let store: ControlStore
    let logDirectory: String

    /// True where no record that was received up to `moment` waits behind the loader's checkpoint. Where there is no
    /// log there is nothing to wait for.
    func isLoaded(through moment: Timestamp) throws -> Bool {
        let checkpoint = try store.read { try $0.loadCheckpoint() }
        do throws(LogError) {
            var reader = try LogReader(directory: logDirectory, after: checkpoint?.sequence ?? 0)
            guard let record = try reader.next() else { return true }
            guard let event = try? record.bytes.withUnsafeBytes({ try Event(record: $0) }) else {
                // What cannot be read says nothing of its time: it waits for the loader like any other.
                return false
            }
            return event.receivedAt > moment + Self.slack
        } catch {
            if error.code == .missing { return true }
            throw error
        }
    }
}
