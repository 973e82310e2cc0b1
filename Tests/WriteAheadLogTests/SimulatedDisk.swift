import EventModel
import Glibc
import Synchronization

@testable import WriteAheadLog

/// A disk that fails when told to, and that forgets in a power cut what was not synced.
///
/// The files are real, so that readers see them; beside them it keeps what would be found after a power cut. A sync
/// that fails drops what it should have written, though it can still be read: as the kernel does it.
final class SimulatedDisk: LogFiles {
    enum Fault: CaseIterable {
        case create, write, shortWrite, sync, truncate, rename, syncDirectory

        fileprivate var error: LogError { LogError(errno: EIO, "the simulated disk fails at \(self)") }
    }

    fileprivate struct Inode {
        var durable: [UInt8] = []
        var changes: [Change] = []
    }

    fileprivate enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    private enum Naming {
        case name(String, inode: Int)
        case rename(String, String)
        case remove(String)
    }

    private struct State {
        var inodes: [Inode] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var namings: [Naming] = []
        var open: [Int32: Int] = [:]
        var isOff = false
        var operationsLeft: Int?
        var fault: Fault?
        /// One more, which lasts.
        var also: Fault?
        var failsNextSync = false
        var faultAfterSync: Fault?
        var gate: SyncGate?
        /// The fault does not go away by itself.
        var isFaultLasting = false
        var free = 1 << 40
        var isFull = false
        var random: SeededRandom
        var recorded: [String]?

        /// Whether this is the operation that fails.
        mutating func take(_ wanted: Fault) -> Bool {
            if also == wanted { return true }
            guard fault == wanted else { return false }
            if !isFaultLasting { fault = nil }
            return true
        }
    }

    private let state: Mutex<State>
    private let system = SystemLogFiles()

    init(seed: UInt64 = 1) { state = Mutex(State(random: SeededRandom(seed))) }

    // MARK: What tests tell it

    /// The next operation of the kind fails.
    func failNext(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            state.isFaultLasting = false
        }
    }

    /// From now on each operation of the kind fails; nil ends it.
    func keepFailing(_ fault: Fault?) {
        state.withLock { state in
            state.fault = fault
            state.also = nil
            state.isFaultLasting = true
        }
    }

    /// The next sync fails, and from then on each operation of the kind.
    func failNextSync(thenKeepFailing fault: Fault) {
        state.withLock { state in
            state.failsNextSync = true
            state.faultAfterSync = fault
        }
    }

    /// The next sync waits until it is let go.
    func holdNextSync() -> SyncGate {
        let gate = SyncGate()
        state.withLock { $0.gate = gate }
        return gate
    }

    /// Writes down what it is asked to do from here on.
    func startRecording() { state.withLock { $0.recorded = [] } }

    var recorded: [String] { state.withLock { $0.recorded ?? [] } }

    /// Changes a byte of what is on the disk.
    func damage(_ path: String, at offset: Int) {
        state.withLock { state in
            guard let inode = state.names[path], offset < state.inodes[inode].durable.count else { return }
            state.inodes[inode].durable[offset] ^= 0x10
            let file = Glibc.open(path, O_RDWR)
            defer { Glibc.close(file) }
            pwrite(file, [state.inodes[inode].durable[offset]], 1, off_t(offset))
        }
    }

    /// What it says is free.
    func setFree(_ bytes: Int) { state.withLock { $0.free = bytes } }

    /// Every write that needs room fails.
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    /// After so many more operations nothing works any more.
    func turnOff(after operations: Int) { state.withLock { $0.operationsLeft = operations } }

    func turnOff() { state.withLock { $0.isOff = true } }

    /// The processes are gone, the kernel and what it holds are still there.
    func turnOn() {
        state.withLock { state in
            state.isOff = false
            state.operationsLeft = nil
            state.fault = nil
        }
    }

    /// The power was cut, and is back: in the directory is what was synced, and of the rest whatever sectors made it.
    func cutPower(_ directory: String) throws {
        try state.withLock { state in
            var names = state.durableNames
            let kept = Int.random(in: 0...state.namings.count, using: &state.random)
            for naming in state.namings.prefix(kept) { Self.apply(naming, to: &names) }
            for path in state.names.keys { unlink(path) }
            for (path, number) in names {
                let content = state.inodes[number].afterPowerCut(&state.random)
                state.inodes[number] = Inode(durable: content)
                let file = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC, 0o640)
                defer { Glibc.close(file) }
                try content.withBytes { bytes throws(LogError) in try system.write(bytes, to: file, at: 0) }
            }
            state.names = names
            state.durableNames = names
            state.namings = []
            state.isOff = false
            state.operationsLeft = nil
            state.fault = nil
        }
    }

    // MARK: LogFiles

    func create(_ path: String) throws(LogError) -> Int32 {
        try operation(.create) { state throws(LogError) in
            let descriptor = try system.create(path)
            state.inodes.append(Inode())
            state.open[descriptor] = state.inodes.count - 1
            Self.record(.name(path, inode: state.inodes.count - 1), in: &state)
            return descriptor
        }
    }

    func open(_ path: String) throws(LogError) -> Int32 {
        try operation { state throws(LogError) in
            let descriptor = try system.open(path)
            state.open[descriptor] = state.names[path]
            return descriptor
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(LogError) {
        try operation(.write) { state throws(LogError) in
            if state.isFull { throw LogError(errno: ENOSPC, "cannot write to the simulated disk") }
            state.recorded?.append("write \(bytes.count) at \(offset)")
            let isShort = state.take(.shortWrite)
            let count = isShort ? Int.random(in: 0..<bytes.count, using: &state.random) : bytes.count
            let written = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            try system.write(written, to: descriptor, at: offset)
            if let inode = state.open[descriptor] {
                state.inodes[inode].changes.append(.write(offset: offset, bytes: Array(written)))
            }
            if isShort { throw LogError(errno: ENOSPC, "the simulated disk took \(count) bytes only") }
        }
    }

    func sync(_ descriptor: Int32) throws(LogError) {
        let gate = state.withLock { state in
            let gate = state.gate
            state.gate = nil
            return gate
        }
        if let gate, gate.pass() { state.withLock { $0.failsNextSync = true } }
        try operation { state throws(LogError) in
            guard let inode = state.open[descriptor] else { return }
            state.recorded?.append("sync")
            if state.take(.sync) || state.failsNextSync {
                state.failsNextSync = false
                if let fault = state.faultAfterSync {
                    state.also = fault
                    state.faultAfterSync = nil
                }
                state.inodes[inode] = Inode(durable: state.inodes[inode].afterPowerCut(&state.random))
                throw Fault.sync.error
            }
            state.inodes[inode].settle()
        }
    }

    func truncate(_ descriptor: Int32, to size: Int) throws(LogError) {
        try operation(.truncate) { state throws(LogError) in
            state.recorded?.append("truncate to \(size)")
            try system.truncate(descriptor, to: size)
            if let inode = state.open[descriptor] { state.inodes[inode].changes.append(.truncate(size)) }
        }
    }

    func close(_ descriptor: Int32) {
        state.withLock { state in
            state.open[descriptor] = nil
            system.close(descriptor)
        }
    }

    func rename(_ path: String, to newPath: String) throws(LogError) {
        try operation(.rename) { state throws(LogError) in
            state.recorded?.append("rename to \(newPath.split(separator: "/").last ?? "")")
            try system.rename(path, to: newPath)
            Self.record(.rename(path, newPath), in: &state)
        }
    }

    func remove(_ path: String) throws(LogError) {
        try operation { state throws(LogError) in
            try system.remove(path)
            Self.record(.remove(path), in: &state)
        }
    }

    func syncDirectory(_ path: String) throws(LogError) {
        try operation(.syncDirectory) { state throws(LogError) in
            state.recorded?.append("sync directory")
            state.durableNames = state.names
            state.namings = []
        }
    }

    func freeBytes(_ path: String) throws(LogError) -> Int {
        state.withLock { $0.free }
    }

    private func operation<Result>(
        _ fault: Fault? = nil, _ body: (inout State) throws(LogError) -> Result
    ) throws(LogError) -> Result {
        try state.withLock { state throws(LogError) in
            if let left = state.operationsLeft {
                if left == 0 { state.isOff = true }
                state.operationsLeft = max(0, left - 1)
            }
            if state.isOff { throw LogError(errno: EIO, "the simulated disk is off") }
            if let fault, state.take(fault) { throw fault.error }
            return try body(&state)
        }
    }

    private static func record(_ naming: Naming, in state: inout State) {
        state.namings.append(naming)
        apply(naming, to: &state.names)
    }

    private static func apply(_ naming: Naming, to names: inout [String: Int]) {
        switch naming {
        case .name(let path, let inode): names[path] = inode
        case .rename(let path, let newPath): names[newPath] = names.removeValue(forKey: path)
        case .remove(let path): names[path] = nil
        }
    }
}

fileprivate extension SimulatedDisk.Inode {
    mutating func settle() {
        for change in changes { Self.apply(change, to: &durable) { _ in true } }
        changes = []
    }

    /// What is on the disk: all that was synced, and each other sector or not.
    func afterPowerCut(_ random: inout SeededRandom) -> [UInt8] {
        var content = durable
        let luck = Int.random(in: 0...4, using: &random)
        for change in changes { Self.apply(change, to: &content) { _ in Int.random(in: 0..<4, using: &random) < luck } }
        return content
    }

    private static func apply(
        _ change: SimulatedDisk.Change, to content: inout [UInt8], _ isKept: (Int) -> Bool
    ) {
        switch change {
        case .truncate(let size):
            guard isKept(0) else { return }
            if size < content.count {
                content.removeLast(content.count - size)
            } else {
                content += [UInt8](repeating: 0, count: size - content.count)
            }
        case .write(let offset, let bytes):
            for start in stride(from: 0, to: bytes.count, by: 512) where isKept(start) {
                let end = min(start + 512, bytes.count)
                if content.count < offset + end {
                    content += [UInt8](repeating: 0, count: offset + end - content.count)
                }
                content.replaceSubrange((offset + start)..<(offset + end), with: bytes[start..<end])
            }
        }
    }
}

/// A sync that waits.
final class SyncGate: Sendable {
    private enum State { case waiting, reached, open(failing: Bool) }

    private let state = Monitor(State.waiting)
    private let reached = Monitor(false)

    /// Returns when a sync waits.
    func waitUntilReached() {
        reached.wait(patience: { _ in .seconds(60) }) { $0 ? () : nil }
    }

    func open(failing: Bool) {
        state.withLock { $0 = .open(failing: failing) }
        state.ring()
    }

    /// Waits; true where the sync shall fail.
    fileprivate func pass() -> Bool {
        reached.withLock { $0 = true }
        reached.ring()
        return state.wait(patience: { _ in .seconds(60) }) { state in
            if case .open(let failing) = state { failing } else { nil }
        }
    }
}

/// Random numbers that are the same each time (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
