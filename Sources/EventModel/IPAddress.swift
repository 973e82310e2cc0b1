import Glibc

/// An IPv4 or IPv6 address; an IPv4 one as IPv6 has it (`::ffff:1.2.3.4`), so that both ways of writing it are equal.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The first and the last 64 bits.
    package let high: UInt64
    package let low: UInt64

    /// The longest text of an address: `ffff:…:255.255.255.255`.
    private static let longestText = 45

    /// Reads `1.2.3.4` and `2001:db8::1`.
    package init?(_ text: String) {
        var text = text
        guard let address = text.withUTF8({ IPAddress(plain: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = address
    }

    /// Reads what proxies write: also `1.2.3.4:5678`, `[2001:db8::1]` and `[2001:db8::1]:5678`, any of them in quotes.
    package init?(forwarded text: UnsafeRawBufferPointer) {
        var text = Self.trimmed(text)
        if text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") {
            text = UnsafeRawBufferPointer(rebasing: text[1..<(text.count - 1)])
        }
        var end = text.count
        var start = 0
        var port: Int?
        if text.first == UInt8(ascii: "[") {
            guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            (start, end) = (1, bracket)
            if bracket + 1 < text.count { port = bracket + 1 }
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")), text.lastIndex(of: UInt8(ascii: ":")) == colon {
            end = colon
            port = colon
        }
        if let port {
            let digits = text[(port + 1)...]
            guard text[port] == UInt8(ascii: ":"), (1...5).contains(digits.count),
                digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
            else { return nil }
        }
        self.init(plain: UnsafeRawBufferPointer(rebasing: text[start..<end]))
    }

    private init?(plain text: UnsafeRawBufferPointer) {
        guard text.count >= 2, text.count <= Self.longestText, !text.contains(0) else { return nil }
        let words = withUnsafeTemporaryAllocation(byteCount: Self.longestText + 1, alignment: 1) {
            buffer -> (UInt64, UInt64)? in
            buffer.copyMemory(from: text)
            buffer[text.count] = 0
            guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
            var four = in_addr()
            if inet_pton(AF_INET, start, &four) == 1 {
                return (0, 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr)))
            }
            var six = in6_addr()
            guard inet_pton(AF_INET6, start, &six) == 1 else { return nil }
            return withUnsafeBytes(of: &six) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }
        guard let words else { return nil }
        (high, low) = words
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1 }

    /// What is limited together: the address itself, of IPv6 its /64, which is what one household or machine has.
    package var network: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

    /// 16 bytes, big-endian.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in [high, low] { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    package var description: String {
        if isIPv4 { return (0..<4).map { String((low >> (24 - 8 * $0)) & 0xFF) }.joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let bytes = bytes
        guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "::" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Without the blanks around it.
    private static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, text.count)
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }
}

/// A block of addresses: `10.0.0.0/8`, `::1/128`, or a single address.
package struct AddressBlock: Hashable, Sendable {
    private let base: IPAddress
    private let highMask: UInt64
    private let lowMask: UInt64

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(String(first)) else { return nil }
        let bits = base.isIPv4 ? 32 : 128
        var length = bits
        if parts.count == 2 {
            guard let value = Int(parts[1]), (0...bits).contains(value) else { return nil }
            length = value
        }
        let prefix = length + (128 - bits)
        self.base = base
        highMask = Self.mask(prefix)
        lowMask = Self.mask(prefix - 64)
    }

    package func contains(_ address: IPAddress) -> Bool {
        (address.high ^ base.high) & highMask == 0 && (address.low ^ base.low) & lowMask == 0
    }

    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
    }
}
