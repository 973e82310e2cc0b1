/// Records on their way into the log, framed as they will stand there: appended together, numbered in a row.
package struct RecordBatch: Sendable {
    private(set) var bytes: [UInt8] = []
    package private(set) var count = 0
    private(set) var largestRecord = 0

    package init() {}

    /// The framed size of all records.
    package var byteCount: Int { bytes.count }

    package var isEmpty: Bool { count == 0 }

    /// Frames one record: `body` appends its bytes to the buffer and must leave alone what the buffer holds. Where it
    /// throws, what it had appended is taken away again.
    package mutating func append(_ body: (inout [UInt8]) throws -> Void) rethrows {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: LogFormat.recordHeaderSize))
        do { try body(&bytes) } catch {
            bytes.removeLast(bytes.count - start)
            throw error
        }
        finishRecord(at: start)
    }

    /// Frames one record of at most `limit` bytes: `body` writes it into the memory and gives its size.
    package mutating func append(atMost limit: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        let start = bytes.count
        bytes.append(addingCapacity: LogFormat.recordHeaderSize + limit) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                let memory = UnsafeMutableRawBufferPointer(buffer)
                let size = body(UnsafeMutableRawBufferPointer(rebasing: memory[LogFormat.recordHeaderSize...]))
                precondition(size <= limit, "the record is larger than it was said to be")
                memory.put(UInt32(truncatingIfNeeded: size), at: 0)
                count = LogFormat.recordHeaderSize + size
            }
        }
        largestRecord = max(largestRecord, bytes.count - start - LogFormat.recordHeaderSize)
        count += 1
    }

    package mutating func append(_ record: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: LogFormat.recordHeaderSize))
        bytes.append(contentsOf: record)
        finishRecord(at: start)
    }

    /// Adds the records of another batch behind these.
    package mutating func append(contentsOf other: RecordBatch) {
        bytes.append(contentsOf: other.bytes)
        count += other.count
        largestRecord = max(largestRecord, other.largestRecord)
    }

    package mutating func removeAll(keepingCapacity: Bool = false) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
        count = 0
        largestRecord = 0
    }

    private mutating func finishRecord(at start: Int) {
        let size = bytes.count - start - LogFormat.recordHeaderSize
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: size).littleEndian) {
            bytes.replaceSubrange(start..<(start + LogFormat.recordHeaderSize), with: $0)
        }
        largestRecord = max(largestRecord, size)
        count += 1
    }
}
