import CMaxMindDB
import EventModel
import Glibc

/// A MaxMind file, asked for the country of an address.
///
/// A copy of the file lies in memory: a mapped file that is overwritten or cut in place would end the daemon with
/// SIGBUS. All event loops share it; looking up changes nothing.
final class CountryDatabase: @unchecked Sendable {
    /// No such file is larger.
    static let maximumBytes = 512 << 20

    /// Written by `init` and `deinit` only.
    private let database: UnsafeMutablePointer<MMDB_s>
    /// What the file says it is, such as `GeoLite2-Country`.
    let kind: String

    /// Opens the file; the error names it and says how to mend it.
    init(path: String) throws(IngestError) {
        let copy = try Self.copy(path)
        defer { close(copy) }
        let database = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        database.initialize(to: MMDB_s())
        let status = MMDB_open("/proc/self/fd/\(copy)", UInt32(MMDB_MODE_MMAP), database)
        guard status == MMDB_SUCCESS else {
            database.deallocate()
            let isUnread = [MMDB_FILE_OPEN_ERROR, MMDB_IO_ERROR, MMDB_OUT_OF_MEMORY_ERROR].contains(status)
            let code = isUnread ? IngestError.Code.unreadDatabase : .badDatabase
            let reason = String(cString: MMDB_strerror(status))
            throw Self.error(path, code, "is no MaxMind file (\(reason))", "fetch it again")
        }
        self.database = database
        kind = database.pointee.metadata.database_type.map { String(cString: $0) } ?? "unknown"
    }

    deinit {
        MMDB_close(database)
        database.deallocate()
    }

    /// Where the address is; nil where the file does not say.
    func country(of address: IPAddress) -> CountryCode? {
        var found = address.isIPv4 ? find(IPv4: address) : find(IPv6: address)
        guard found.found_entry else { return nil }
        // MaxMind and DB-IP nest it, IPinfo does not.
        return text(&found.entry, ["country", "iso_code"]) ?? text(&found.entry, ["country_code"])
    }

    private func find(IPv4 address: IPAddress) -> MMDB_lookup_result_s {
        var socketAddress = sockaddr_in()
        socketAddress.sin_family = sa_family_t(AF_INET)
        socketAddress.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
        return withUnsafePointer(to: &socketAddress) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { find($0) }
        }
    }

    private func find(IPv6 address: IPAddress) -> MMDB_lookup_result_s {
        var socketAddress = sockaddr_in6()
        socketAddress.sin6_family = sa_family_t(AF_INET6)
        withUnsafeMutableBytes(of: &socketAddress.sin6_addr) {
            $0.storeBytes(of: address.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return withUnsafePointer(to: &socketAddress) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { find($0) }
        }
    }

    private func find(_ address: UnsafePointer<sockaddr>) -> MMDB_lookup_result_s {
        var status: Int32 = 0
        let result = MMDB_lookup_sockaddr(database, address, &status)
        return status == MMDB_SUCCESS ? result : MMDB_lookup_result_s()
    }

    /// The code that stands at the path within the entry.
    private func text(_ entry: inout MMDB_entry_s, _ path: [StaticString]) -> CountryCode? {
        var names = path.map { UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self) as UnsafePointer? }
        names.append(nil)
        var data = MMDB_entry_data_s()
        guard MMDB_aget_value(&entry, &data, names) == MMDB_SUCCESS, data.has_data,
            data.type == UInt32(MMDB_DATA_TYPE_UTF8_STRING), let start = data.utf8_string
        else { return nil }
        return CountryCode(UnsafeRawBufferPointer(start: start, count: Int(data.data_size)))
    }

    /// A file in memory with the same content.
    private static func copy(_ path: String) throws(IngestError) -> Int32 {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw unread(path, "opened", "correct it, or leave it \"\"")
        }
        defer { close(file) }
        let memory = millrace_memory_file("country_database")
        guard memory >= 0 else {
            throw unread(path, "copied", "free some memory")
        }
        var isCopied = false
        defer { if !isCopied { close(memory) } }
        var total = 0
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(file, &chunk, chunk.count)
            guard count >= 0, write(memory, chunk, count) == count else {
                throw unread(path, "read", "fetch it again")
            }
            if count == 0 { break }
            total += count
            guard total <= maximumBytes else {
                let size = "is larger than \(maximumBytes >> 20) MiB"
                throw error(path, .badDatabase, size, "take one that holds countries only")
            }
        }
        isCopied = true
        return memory
    }

    /// What the system has just refused.
    private static func unread(_ path: String, _ what: String, _ cure: String) -> IngestError {
        error(path, .unreadDatabase, "cannot be \(what): \(String(cString: strerror(errno)))", cure)
    }

    private static func error(
        _ path: String, _ code: IngestError.Code, _ problem: String, _ cure: String
    ) -> IngestError {
        IngestError(code, "ingest.country_database (\(path)) \(problem); \(cure)")
    }
}
