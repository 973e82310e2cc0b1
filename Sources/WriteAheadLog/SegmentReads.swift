import Glibc

/// How the files of a log are opened and read. Tests put another in its place that cannot read everything.
package protocol SegmentReads: Sendable {
    /// Opens a file for reading: its descriptor, or less than 0 with `errno` set.
    func open(_ path: String) -> Int32
    /// Reads some of the bytes from the offset on: how many, 0 at the end of the file, less than 0 with `errno` set.
    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int
}

/// The system's calls.
package struct SystemSegmentReads: SegmentReads {
    package init() {}

    package func open(_ path: String) -> Int32 { Glibc.open(path, O_RDONLY | O_CLOEXEC) }

    package func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
    }
}

/// Stretches of a file that could not be read, in order.
struct UnreadableStretches {
    private(set) var ranges: [Range<Int>] = []

    mutating func add(_ range: Range<Int>) {
        let index = ranges.firstIndex { $0.upperBound >= range.lowerBound } ?? ranges.count
        var merged = range
        var end = index
        while end < ranges.count, ranges[end].lowerBound <= range.upperBound {
            merged = min(merged.lowerBound, ranges[end].lowerBound)..<max(merged.upperBound, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(index..<end, with: [merged])
    }

    func touch(_ range: Range<Int>) -> Bool { ranges.contains { $0.overlaps(range) } }

    /// What is left of a range without them.
    func readable(of range: Range<Int>) -> [Range<Int>] {
        var left: [Range<Int>] = []
        var start = range.lowerBound
        for gap in ranges where gap.overlaps(range) {
            if gap.lowerBound > start { left.append(start..<gap.lowerBound) }
            start = max(start, gap.upperBound)
        }
        if start < range.upperBound { left.append(start..<range.upperBound) }
        return left
    }
}
