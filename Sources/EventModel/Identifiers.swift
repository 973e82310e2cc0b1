/// A project's id: `proj_` and 12 hexadecimal digits.
package struct ProjectID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// A new random id.
    package static func random() -> ProjectID { ProjectID(rawValue: "proj_" + randomHex(12)) }

    package var description: String { rawValue }
}

/// A job's id: `job_` and 12 hexadecimal digits.
package struct JobID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// A new random id.
    package static func random() -> JobID { JobID(rawValue: "job_" + randomHex(12)) }

    package var description: String { rawValue }
}

/// `digits` random hexadecimal digits, lower case, from the system's random source.
package func randomHex(_ digits: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    var text = ""
    text.reserveCapacity(digits)
    for _ in 0..<digits {
        text.append(Character(UnicodeScalar(hexDigits[Int.random(in: 0..<16, using: &generator)])))
    }
    return text
}

/// The bytes as lower-case hexadecimal digits.
package func hexText(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
        text.append(hexDigits[Int(byte >> 4)])
        text.append(hexDigits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

let hexDigits = [UInt8]("0123456789abcdef".utf8)
