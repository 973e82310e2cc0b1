import CCrypt

/// A password's bcrypt hash, computed and checked by the system's libcrypt.
///
/// Both take as long as the cost says (cost 12: about a quarter of a second): on a server they belong on a thread of
/// their own, never on the cooperative pool.
package struct BcryptPassword: Sendable, Equatable {
    /// The cost of new hashes: 2 to this power rounds.
    package static let defaultCost = 12
    /// bcrypt reads no further than this; a longer password is refused instead of being cut.
    package static let maximumBytes = 72

    /// `$2b$12$` and 53 characters of salt and hash.
    package let hash: String
    /// 4 to 31.
    package let cost: Int

    /// Nil where the text is not a bcrypt hash (`$2a$`, `$2b$` or `$2y$`).
    package init?(hash: String) {
        let bytes = Array(hash.utf8)
        guard bytes.count == 60, hash.hasPrefix("$2"), [UInt8]("aby".utf8).contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), (4...31).contains(cost),
            bytes[7...].allSatisfy(Self.isBase64)
        else { return nil }
        self.hash = hash
        self.cost = cost
    }

    /// Hashes a password of 1 to 72 bytes without a zero byte, with a random salt.
    package init(password: String, cost: Int = defaultCost) throws(StoreError) {
        guard (1...Self.maximumBytes).contains(password.utf8.count), !password.utf8.contains(0) else {
            throw StoreError(.refused, "a password has 1 to \(Self.maximumBytes) bytes, and no zero byte")
        }
        guard (4...31).contains(cost),
            let setting = Self.text({ millrace_crypt_bcrypt_setting(UInt(cost), $0) }),
            let hash = Self.text({ millrace_crypt(password, setting, $0) }),
            let made = BcryptPassword(hash: hash)
        else {
            throw StoreError(
                .failed, "libcrypt makes no bcrypt hash of cost \(cost); install libcrypt1 4.4 or newer, cost 4 to 31")
        }
        self = made
    }

    /// Whether the hash is this password's. Takes the same time for every password, also for one that bcrypt would
    /// cut and that therefore never matches.
    package func matches(_ password: String) -> Bool {
        let fits = password.utf8.count <= Self.maximumBytes && !password.utf8.contains(0)
        guard let other = Self.text({ millrace_crypt(fits ? password : "", hash, $0) }) else { return false }
        // No early end: the time must not tell how much of the hash agrees.
        var difference: UInt8 = other.utf8.count == hash.utf8.count ? 0 : 1
        for (left, right) in zip(other.utf8, hash.utf8) { difference |= left ^ right }
        return fits && difference == 0
    }

    /// What the C function wrote; nil where it failed.
    private static func text(_ call: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MILLRACE_CRYPT_SIZE)) { buffer in
            guard let start = buffer.baseAddress, call(start) == 0 else { return nil }
            return String(cString: start)
        }
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}

/// The bcrypt hash of a new password, as `admin.users` of the configuration holds it.
package func bcryptHash(_ password: String, cost: Int = BcryptPassword.defaultCost) throws(StoreError) -> String {
    try BcryptPassword(password: password, cost: cost).hash
}
