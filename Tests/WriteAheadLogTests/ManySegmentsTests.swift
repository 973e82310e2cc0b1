import EventModel
import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

/// A log of more segments than a process may have files open.
struct ManySegmentsTests {
    @Test func `segments beyond the limit of open files are listed, checked, read, synced and removed`() async throws {
        try await withTemporaryDirectory { directory in
            await #expect(processExitsWith: .success) { [directory = directory as String] in
                for number in 0..<150 {
                    let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 64 << 10))
                    try log.keep("\(number)")
                    log.writer.close()
                }
                var limit = rlimit(rlim_cur: 64, rlim_max: 64)
                guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { _exit(2) }
                let report = try LogDirectory.verify(directory)
                guard try LogDirectory.status(directory).segments.count == 150, report.records == 150 else { _exit(3) }
                for isKeeping in [true, false] {
                    var reader = try LogReader(directory: directory, after: 0, isKeeping: isKeeping)
                    guard try reader.read(limit: 1_000, { _, _ in }) == 150 else { _exit(4) }
                    try reader.sync()
                }
                let removed = try LogDirectory.removeSegments(
                    in: directory, loadedThrough: 150, olderThan: Timestamp(milliseconds: 0), force: true)
                _exit(removed.count == 149 ? 0 : 5)
            }
        }
    }

    @Test func `a reader that keeps nothing holds no file of a segment that it has read`() throws {
        try withTemporaryDirectory { directory in
            for number in 0..<5 {
                let log = try TestLog(LogConfiguration(directory: directory))
                try log.keep("\(number)")
                log.writer.close()
            }
            var reader = try LogReader(directory: directory, after: 0, isKeeping: false)
            #expect(try reader.read(limit: 100) { _, _ in } == 5)
            var held = 0
            for descriptor in Int32(0)..<4_096 {
                var path = [CChar](repeating: 0, count: 4_096)
                guard readlink("/proc/self/fd/\(descriptor)", &path, path.count - 1) > 0 else { continue }
                if path.withUnsafeBytes({ $0.starts(with: directory.utf8) }) { held += 1 }
            }
            #expect(held == 1)
            #expect(try reader.next() == nil)
        }
    }

    @Test func `what an early sync found to be taken back is told by the reader's own`() throws {
        try withTemporaryDirectory { directory in
            for number in 0..<40 {
                let log = try TestLog(LogConfiguration(directory: directory))
                try log.keep("\(number)")
                log.writer.close()
            }
            var reader = try LogReader(directory: directory, after: 0)
            #expect(try reader.next()?.sequence == 1)
            let path = SegmentName(firstSequence: 1).path(in: directory)
            let file = open(path, O_WRONLY)
            ftruncate(file, 1_024)
            close(file)
            while try reader.next() != nil {}
            let error = #expect(throws: LogError.self) { try reader.sync() }
            #expect(error?.code == .failed)
        }
    }
}
