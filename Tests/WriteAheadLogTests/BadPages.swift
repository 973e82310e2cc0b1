import Glibc
import Synchronization

@testable import WriteAheadLog

/// A disk that cannot read some pages of one segment, at all or for a while.
final class BadPages: SegmentReads {
    private let pages: Set<Int>
    private let name: SegmentName
    private let failuresLeft: Mutex<Int>
    private let opened = Mutex<Set<Int32>>([])
    private let system = SystemSegmentReads()

    init(_ pages: Set<Int>, of name: SegmentName, failures: Int = .max) {
        self.pages = pages
        self.name = name
        failuresLeft = Mutex(failures)
    }

    func open(_ path: String) -> Int32 {
        let descriptor = system.open(path)
        opened.withLock { opened in
            if path.hasSuffix(name.description) { opened.insert(descriptor) } else { opened.remove(descriptor) }
        }
        return descriptor
    }

    /// As the kernel does it: a read ends before a page that cannot be read, or fails where it begins with one.
    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var facts = stat()
        guard opened.withLock({ $0.contains(descriptor) }), failuresLeft.withLock({ $0 > 0 }),
            fstat(descriptor, &facts) == 0,
            let bad = (offset / 4_096...(offset + buffer.count - 1) / 4_096).first(where: pages.contains),
            bad * 4_096 < Int(facts.st_size)
        else { return system.read(descriptor, into: buffer, at: offset) }
        guard bad * 4_096 <= offset else {
            let readable = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(bad * 4_096 - offset)])
            return system.read(descriptor, into: readable, at: offset)
        }
        failuresLeft.withLock { $0 -= 1 }
        errno = EIO
        return -1
    }
}

/// Removes a segment just before it is opened, as a loader's upkeep may.
final class VanishingSegment: SegmentReads {
    private let name: SegmentName
    private let system = SystemSegmentReads()

    init(_ name: SegmentName) { self.name = name }

    func open(_ path: String) -> Int32 {
        if path.hasSuffix(name.description) { unlink(path) }
        return system.open(path)
    }

    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        system.read(descriptor, into: buffer, at: offset)
    }
}

/// Counts what is read.
final class CountedReads: SegmentReads {
    private let count = Mutex(0)
    private let system = SystemSegmentReads()

    var bytes: Int { count.withLock { $0 } }

    func open(_ path: String) -> Int32 { system.open(path) }

    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let read = system.read(descriptor, into: buffer, at: offset)
        count.withLock { $0 += max(0, read) }
        return read
    }
}
