import EventModel
import Glibc

/// The hashes behind a Bloom filter, exactly: an open-addressing table in a file without a name, mapped into memory.
///
/// The file is a cache that ends with the process; the kernel may take its pages from memory at any time, and
/// `release` lets it. The whole file is reserved before it is mapped, so that a full disk is refused here, and not
/// noticed by a fault later.
final class IdentityTable {
    private static let slotsEach = 1.5

    private let slots: UnsafeMutablePointer<UInt64>
    private let count: UInt64
    private let bytes: Int
    private var isTouched = false

    /// Nil where the disk has no room for it: then a filter alone has to do.
    init?(capacity: Int, directory: String) {
        count = UInt64(Double(max(capacity, 1_024)) * Self.slotsEach)
        bytes = Int(count) * 8
        let path = "\(directory)/load-ids-\(randomHex(12))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        unlink(path)
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(bytes)) == 0,
            let start = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else { return nil }
        slots = start.bindMemory(to: UInt64.self, capacity: Int(count))
    }

    deinit { munmap(slots, bytes) }

    /// Adds a hash; the caller adds no more than the capacity.
    func add(_ hash: UInt64) {
        isTouched = true
        let slot = place(of: hash)
        slots[slot] = hash
    }

    func contains(_ hash: UInt64) -> Bool {
        isTouched = true
        return slots[place(of: hash)] == hash
    }

    /// Lets the kernel take the pages that were read since the last call; nothing is forgotten.
    func release() {
        guard isTouched else { return }
        isTouched = false
        madvise(slots, bytes, MADV_DONTNEED)
    }

    /// The hash's slot, or the free one where it would be. A third of the slots is always free.
    private func place(of hash: UInt64) -> Int {
        var slot = hash.multipliedFullWidth(by: count).high
        while slots[Int(slot)] != 0, slots[Int(slot)] != hash {
            slot += 1
            if slot == count { slot = 0 }
        }
        return Int(slot)
    }
}
