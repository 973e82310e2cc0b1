import EventModel
import Foundation

/// Writes a MaxMind file (https://maxmind.github.io/MaxMind-DB/) that tells the countries of networks: a tree of
/// IPv6's bits with 24 bits a record, in which IPv4 lies below ::/96.
struct CountryFile {
    /// `2001:db8::/32` or `10.0.0.0/8`, and the country's code.
    var networks: [(network: String, code: String)]
    /// `country_code` at the top, as some makers have it, instead of `country.iso_code`.
    var isFlat = false
    var version: UInt16 = 2

    private enum Branch { case none, node(Int), data(Int) }

    func write(to path: String) throws { try Data(try bytes()).write(to: URL(filePath: path), options: .atomic) }

    func bytes() throws -> [UInt8] {
        var nodes: [[Branch]] = [[.none, .none]]
        var data: [UInt8] = []
        for (network, code) in networks {
            let offset = data.count
            let nested = [("country", Self.map([("iso_code", Self.text(code))]))]
            data += Self.map(isFlat ? [("country_code", Self.text(code))] : nested)
            let bits = try Self.bits(of: network)
            var node = 0
            for bit in bits.dropLast() {
                if case .node(let next) = nodes[node][bit] { node = next; continue }
                nodes.append([.none, .none])
                nodes[node][bit] = .node(nodes.count - 1)
                node = nodes.count - 1
            }
            if let last = bits.last { nodes[node][last] = .data(offset) }
        }
        var bytes: [UInt8] = []
        for branch in nodes.joined() {
            let value =
                switch branch {
                case .none: nodes.count
                case .node(let number): number
                case .data(let offset): nodes.count + 16 + offset
                }
            bytes += [UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
        }
        bytes += [UInt8](repeating: 0, count: 16) + data
        bytes += [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
        return bytes + metadata(nodes.count)
    }

    private func metadata(_ nodes: Int) -> [UInt8] {
        Self.map([
            ("node_count", Self.number(6, UInt64(nodes), bytes: 4)), ("record_size", Self.number(5, 24, bytes: 2)),
            ("ip_version", Self.number(5, 6, bytes: 2)), ("database_type", Self.text("Test-Country")),
            ("languages", [0x01, 0x04] + Self.text("en")),
            ("binary_format_major_version", Self.number(5, UInt64(version), bytes: 2)),
            ("binary_format_minor_version", Self.number(5, 0, bytes: 2)),
            ("build_epoch", [0x08, 0x02] + (0..<8).map { UInt8(truncatingIfNeeded: 1_750_000_000 >> (56 - 8 * $0)) }),
            ("description", Self.map([("en", Self.text("a test"))])),
        ])
    }

    private static func bits(of network: String) throws -> [Int] {
        let parts = network.split(separator: "/")
        guard let address = IPAddress(String(parts[0])), let length = Int(parts[1]) else {
            throw TestFailure("\(network) is no network")
        }
        var bytes = address.bytes
        if address.isIPv4 { (bytes[10], bytes[11]) = (0, 0) }
        let count = address.isIPv4 ? 96 + length : length
        return (0..<count).map { Int(bytes[$0 / 8] >> (7 - $0 % 8) & 1) }
    }

    private static func map(_ members: [(String, [UInt8])]) -> [UInt8] {
        [0xE0 | UInt8(members.count)] + members.flatMap { text($0.0) + $0.1 }
    }

    private static func text(_ text: String) -> [UInt8] { [0x40 | UInt8(text.utf8.count)] + Array(text.utf8) }

    private static func number(_ type: UInt8, _ value: UInt64, bytes: Int) -> [UInt8] {
        let shifts = (0..<bytes).reversed().map { UInt64(8 * $0) }
        return [type << 5 | UInt8(bytes)] + shifts.map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
