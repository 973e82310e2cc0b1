import Glibc

/// A segment's file name: its first sequence number in 20 digits, and `.wal`.
struct SegmentName: Hashable, Comparable, Sendable, CustomStringConvertible {
    static let suffix = ".wal"
    /// What a segment is called until its header is on the disk.
    static let unfinishedSuffix = ".wal.new"

    let firstSequence: UInt64

    init(firstSequence: UInt64) { self.firstSequence = firstSequence }

    init?(_ text: String) {
        guard text.utf8.count == 24, text.hasSuffix(Self.suffix),
            text.utf8.prefix(20).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(text.prefix(20)), (1...LogFormat.maxSequence).contains(number)
        else { return nil }
        firstSequence = number
    }

    var description: String {
        let digits = String(firstSequence)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits + Self.suffix
    }

    static func < (left: SegmentName, right: SegmentName) -> Bool { left.firstSequence < right.firstSequence }

    func path(in directory: String) -> String { "\(directory)/\(description)" }

    /// The directory's segments in their order. Whatever else is called like one, a directory or a pipe, is none.
    static func list(in directory: String) throws(LogError) -> [SegmentName] {
        var names: [SegmentName] = []
        try forEachEntry(of: directory) { text, type in
            guard let name = SegmentName(text) else { return }
            // A log may be thousands of segments: none is asked for what the directory tells already.
            if type == DT_REG || (type == DT_UNKNOWN || type == DT_LNK) && name.isFile(in: directory) {
                names.append(name)
            }
        }
        return names.sorted()
    }

    private func isFile(in directory: String) -> Bool {
        var facts = stat()
        return stat(path(in: directory), &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
    }

    /// The names of segments that were being made when their writer died.
    static func unfinished(in directory: String) throws(LogError) -> [String] {
        var names: [String] = []
        try forEachEntry(of: directory) { text, _ in if text.hasSuffix(unfinishedSuffix) { names.append(text) } }
        return names
    }

    private static func forEachEntry(of directory: String, _ body: (String, Int) -> Void) throws(LogError) {
        guard let stream = opendir(directory) else {
            throw LogError(errno: errno, "cannot list the log directory \(directory)")
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            body(name, Int(entry.pointee.d_type))
        }
    }
}
