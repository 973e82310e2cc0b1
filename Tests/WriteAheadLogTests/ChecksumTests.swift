import CCRC32C
import Testing

struct ChecksumTests {
    /// RFC 3720, B.4, and the check value of the CRC catalogue.
    @Test func `known values come out, by the instruction and by tables`() {
        let known: [(bytes: [UInt8], checksum: UInt32)] = [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            ([UInt8](0...31), 0x46DD_794E),
            ([UInt8]((0...31).reversed()), 0x113F_DB5C),
            ([UInt8]("123456789".utf8), 0xE306_9283),
            ([], 0),
        ]
        for (bytes, expected) in known {
            #expect(millrace_crc32c(0, bytes, bytes.count) == expected)
            #expect(millrace_crc32c_software(0, bytes, bytes.count) == expected)
        }
    }

    @Test func `both ways agree at every length and place, and in parts`() {
        var random = SeededRandom(3)
        let bytes = (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes.withUnsafeBytes { buffer in
            for start in 0..<9 {
                for end in start..<buffer.count {
                    let part = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
                    let whole = millrace_crc32c(0, part.baseAddress, part.count)
                    #expect(whole == millrace_crc32c_software(0, part.baseAddress, part.count))
                    let middle = part.count / 3
                    let first = millrace_crc32c(0, part.baseAddress, middle)
                    #expect(whole == millrace_crc32c(first, part.baseAddress.map { $0 + middle }, part.count - middle))
                }
            }
        }
    }
}
