/// Memory for the texts of one chunk: bytes are copied in once and stay where they are until `removeAll`.
final class TextArena {
    private struct Block {
        let start: UnsafeMutableRawPointer
        let size: Int
    }

    private static let blockSize = 256 * 1_024
    private var blocks: [Block] = []
    private var current = 0
    private var used = 0

    deinit { for block in blocks { block.start.deallocate() } }

    func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        while current < blocks.count, blocks[current].size - used < bytes.count {
            current += 1
            used = 0
        }
        if current == blocks.count {
            let size = max(Self.blockSize, bytes.count)
            blocks.append(Block(start: .allocate(byteCount: size, alignment: 16), size: size))
            used = 0
        }
        let place = blocks[current].start + used
        UnsafeMutableRawBufferPointer(start: place, count: bytes.count).copyMemory(from: bytes)
        used += bytes.count
        return UnsafeRawPointer(place)
    }

    /// Makes room for the next chunk; what was copied is gone. Blocks for single large texts are given back.
    func removeAll() {
        for block in blocks where block.size > Self.blockSize { block.start.deallocate() }
        blocks.removeAll { $0.size > Self.blockSize }
        current = 0
        used = 0
    }
}
