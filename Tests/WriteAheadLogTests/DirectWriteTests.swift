import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

/// Large groups go past the kernel's cache, small ones through it, while readers look at the file through the cache.
struct DirectWriteTests {
    @Test(arguments: [1, 4])
    func `a reader that follows closely sees large and small groups as they were written`(_ segmentMiB: Int) throws {
        try withTemporaryDirectory { directory in
            // Real files and syncs: what is tested is the kernel's.
            let log = try TestLog(
                LogConfiguration(directory: directory, segmentBytes: segmentMiB << 20), files: SystemLogFiles())
            let sizes = [40, 90_000, 300, 64 << 10, 700_000, 5, 130_001]
            let count = 60
            let thread = try startThread {
                for number in 0..<count {
                    let record = [UInt8](repeating: UInt8(number), count: sizes[number % sizes.count])
                    guard (try? log.keep([record])) != nil else { return }
                }
            }
            var reader = try LogReader(directory: directory, after: 0)
            var next = 0
            let start = ContinuousClock.now
            while next < count, ContinuousClock.now - start < .seconds(60) {
                let read = try reader.read(limit: 10) { sequence, bytes in
                    #expect(sequence == UInt64(next + 1))
                    #expect(bytes.count == sizes[next % sizes.count] && bytes.allSatisfy { $0 == UInt8(next) })
                    next += 1
                }
                if read == 0 { sched_yield() }
            }
            pthread_join(thread, nil)
            #expect(next == count && reader.losses.isEmpty)
            log.writer.close()
        }
    }

    @Test func `what is large is written past the cache where the disk allows it, and wholly in any case`() throws {
        try withTemporaryDirectory { directory in
            let files = SystemLogFiles()
            let descriptor = try files.create(directory + "/file")
            defer { files.close(descriptor) }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4_096)
            defer { memory.deallocate() }
            for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index &* 7) }
            // Aligned, and by one byte not: the second goes through the cache.
            try files.write(UnsafeRawBufferPointer(memory), to: descriptor, at: 512)
            try files.write(UnsafeRawBufferPointer(rebasing: memory[1...]), to: descriptor, at: 400_001)
            #expect(fcntl(descriptor, F_GETFL) & 0o40000 == 0, "the file is left as it was")
            let content = wholeFile(directory + "/file")
            #expect(content[512..<(512 + memory.count)].elementsEqual(memory))
            #expect(content[400_001...].elementsEqual(memory[1...]))
        }
    }
}
