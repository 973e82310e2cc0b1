/// Groups that wait for the disk, laid out as they will stand there; their headers are filled in when they are written.
///
/// The memory is kept and used again, so that appending costs a copy and nothing else. Two of these take turns: one is
/// filled while the other is written.
final class PendingGroups {
    struct Group {
        let offset: Int
        let firstSequence: UInt64
        var count: Int
        var payloadBytes: Int

        var endSequence: UInt64 { firstSequence + UInt64(count) }
        var paddedBytes: Int { LogFormat.aligned(LogFormat.groupHeaderSize + payloadBytes) }
    }

    /// More memory than this is given back after use.
    private static let keptBytes = 8 << 20

    let maxGroupBytes: Int
    private(set) var groups: [Group] = []
    private var memory: UnsafeMutableRawBufferPointer
    /// Up to where memory is used.
    private(set) var byteCount = 0

    init(maxGroupBytes: Int) {
        self.maxGroupBytes = maxGroupBytes
        memory = .allocate(byteCount: 256 << 10, alignment: LogFormat.alignment)
    }

    deinit { memory.deallocate() }

    var isEmpty: Bool { groups.isEmpty }

    /// Adds the batch's records, the first of which has the number.
    func append(_ batch: RecordBatch, firstSequence: UInt64) {
        batch.bytes.withUnsafeBytes { bytes in
            if bytes.count <= roomInLastGroup {
                add(bytes, count: batch.count, firstSequence: firstSequence)
            } else {
                split(bytes, firstSequence: firstSequence)
            }
        }
    }

    func removeAll() {
        groups.removeAll(keepingCapacity: true)
        byteCount = 0
        if memory.count > Self.keptBytes {
            memory.deallocate()
            memory = .allocate(byteCount: 256 << 10, alignment: LogFormat.alignment)
        }
    }

    /// The groups' bytes in a row, the last one's padding included.
    func bytes(of range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        guard let first = groups[range].first, let last = groups[range].last else { return .init(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(rebasing: memory[first.offset..<(last.offset + last.paddedBytes)])
    }

    /// What still goes into the last group; what a new one holds, where there is none.
    private var roomInLastGroup: Int { maxGroupBytes - (groups.last?.payloadBytes ?? 0) }

    /// Fills groups with as many records as go into each, a record that is too large for any alone in one.
    private func split(_ bytes: UnsafeRawBufferPointer, firstSequence: UInt64) {
        var walk = RecordWalk(bytes)
        var sequence = firstSequence
        var start = 0
        var count = 0
        var end = 0
        var room = roomInLastGroup
        while let record = walk.next() {
            if record.upperBound - start > room {
                if count > 0 {
                    add(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), count: count, firstSequence: sequence)
                }
                sequence += UInt64(count)
                start = end
                count = 0
                begin(sequence)
                room = maxGroupBytes
            }
            end = record.upperBound
            count += 1
        }
        add(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), count: count, firstSequence: sequence)
    }

    private func add(_ bytes: UnsafeRawBufferPointer, count: Int, firstSequence: UInt64) {
        if groups.isEmpty { begin(firstSequence) }
        var group = groups[groups.count - 1]
        let start = group.offset + LogFormat.groupHeaderSize + group.payloadBytes
        group.payloadBytes += bytes.count
        group.count += count
        let end = group.offset + group.paddedBytes
        reserve(end)
        memory[start..<(start + bytes.count)].copyBytes(from: bytes)
        let padding = start + bytes.count
        if let base = memory.baseAddress, end > padding {
            (base + padding).initializeMemory(as: UInt8.self, repeating: 0, count: end - padding)
        }
        byteCount = end
        groups[groups.count - 1] = group
    }

    /// Begins a group, unless the last one is still empty.
    private func begin(_ firstSequence: UInt64) {
        if let last = groups.last, last.count == 0 { return }
        groups.append(Group(offset: byteCount, firstSequence: firstSequence, count: 0, payloadBytes: 0))
    }

    private func reserve(_ size: Int) {
        guard size > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(size, memory.count * 2), alignment: LogFormat.alignment)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<byteCount]))
        memory.deallocate()
        memory = larger
    }
}
