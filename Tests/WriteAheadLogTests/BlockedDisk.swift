@testable import WriteAheadLog

/// A disk whose syncs wait until they are let go.
final class BlockedDisk: LogFiles {
    private struct State {
        var isBlocked = false
        var syncs = 0
    }

    private let gate = Monitor(State())
    private let reached = Monitor(false)
    private let system = QuickFiles()

    func block() {
        reached.withLock { $0 = false }
        gate.withLock { $0.isBlocked = true }
    }

    func unblock() {
        gate.withLock { $0.isBlocked = false }
        gate.ring()
    }

    /// Returns when a sync waits.
    func waitUntilReached() {
        _ = reached.wait(patience: { _ in .seconds(10) }) { isReached -> Bool? in isReached ? true : nil }
    }

    var syncCount: Int { gate.withLock { $0.syncs } }

    func sync(_ descriptor: Int32) throws(LogError) {
        reached.withLock { $0 = true }
        reached.ring()
        _ = gate.wait(patience: { _ in .seconds(10) }) { state -> Bool? in
            if state.isBlocked { return nil }
            state.syncs += 1
            return true
        }
    }

    func create(_ path: String) throws(LogError) -> Int32 { try system.create(path) }
    func open(_ path: String) throws(LogError) -> Int32 { try system.open(path) }
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(LogError) {
        try system.write(bytes, to: descriptor, at: offset)
    }
    func truncate(_ descriptor: Int32, to size: Int) throws(LogError) { try system.truncate(descriptor, to: size) }
    func close(_ descriptor: Int32) { system.close(descriptor) }
    func rename(_ path: String, to newPath: String) throws(LogError) { try system.rename(path, to: newPath) }
    func remove(_ path: String) throws(LogError) { try system.remove(path) }
    func syncDirectory(_ path: String) throws(LogError) {}
    func freeBytes(_ path: String) throws(LogError) -> Int { 1 << 40 }
}
