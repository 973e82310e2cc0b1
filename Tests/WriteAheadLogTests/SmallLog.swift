import EventModel
import Glibc

@testable import WriteAheadLog

/// A small log of one segment as bytes, and where each of its groups stands: found by the test's own reading of the
/// format, not by the room's.
struct SmallLog {
    struct Group {
        let start: Int
        /// The end of header and payload; zeros follow up to the next group.
        let end: Int
        let sequences: Range<UInt64>
    }

    let name: String
    let bytes: [UInt8]
    let groups: [Group]
    let texts: [String]

    /// Writes a log whose groups hold the texts, one group after the other. With `closed`, its writer closed it.
    init(_ contents: [[String]], in directory: String, closed: Bool) throws {
        let disk = SimulatedDisk()
        let log = try TestLog(LogConfiguration(directory: directory), files: disk)
        for texts in contents { try log.keep(texts.map { Array($0.utf8) }) }
        if !closed { disk.turnOff() }
        log.writer.close()
        name = try SegmentName.list(in: directory)[0].description
        var bytes = wholeFile("\(directory)/\(name)")
        // What was written ahead is zeros, and says nothing.
        while bytes.count > 1_024, bytes.suffix(512).allSatisfy({ $0 == 0 }) { bytes.removeLast(512) }
        self.bytes = bytes
        texts = contents.flatMap { $0 }
        groups = Self.parse(bytes)
    }

    static func parse(_ bytes: [UInt8]) -> [Group] {
        func number(_ offset: Int, _ size: Int) -> UInt64 {
            (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
        }
        var groups: [Group] = []
        var offset = 1_024
        while offset + 64 <= bytes.count, bytes[offset..<(offset + 4)].elementsEqual("MRG1".utf8) {
            let end = offset + 64 + Int(number(offset + 4, 4))
            let first = number(offset + 8, 8)
            groups.append(Group(start: offset, end: end, sequences: first..<(first + number(offset + 16, 4))))
            offset = (end + 511) / 512 * 512
        }
        return groups
    }

    /// Puts the bytes, changed or cut, into a directory as its only segment.
    func write(_ bytes: [UInt8], to directory: String) {
        writeFile(bytes, "\(directory)/\(name)")
    }
}

func wholeFile(_ path: String) -> [UInt8] { readWholeFile(path, limit: 64 << 20) ?? [] }

func writeFile(_ bytes: [UInt8], _ path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o640)
    defer { close(file) }
    _ = Glibc.write(file, bytes, bytes.count)
}

func emptyDirectory(_ directory: String) throws {
    for name in try SegmentName.list(in: directory) { unlink(name.path(in: directory)) }
}
