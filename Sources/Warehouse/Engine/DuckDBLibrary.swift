import CDuckDB
import EventModel
import Glibc
import Synchronization

/// The loaded libduckdb. A process loads it once; having a value of this type shows that it did.
package final class DuckDBLibrary: Sendable {
    /// The file that was loaded, or a bare name where the system's library path gave it.
    package let path: String
    /// As the library names itself: `v1.5.5`.
    package var version: String { duckdb_library_version().map { String(cString: $0) } ?? "unknown" }

    private init(path: String) { self.path = path }

    /// The environment variable that names the library's file.
    package static let environmentVariable = "MILLRACE_DUCKDB_LIBRARY"
    static let fileName = "libduckdb.so"
    static let remedy =
        "install libduckdb, run deploy/fetch-duckdb, or set warehouse.duckdb_library to the library's file"

    private static let loaded = Mutex<DuckDBLibrary?>(nil)

    /// Loads the library, or gives the one that is loaded already. Looks at the configured path, at
    /// `MILLRACE_DUCKDB_LIBRARY`, on the system's library path, in `../lib/millrace` beside the program, and in
    /// `.build/duckdb` of the checkout which holds the program. A path that is configured must hold the library.
    package static func locate(configured: String? = nil) throws(WarehouseError) -> DuckDBLibrary {
        try locate(
            configured: configured, environment: getenv(environmentVariable).map { String(cString: $0) },
            program: programPath(), system: [fileName, "libduckdb.so.1"])
    }

    /// The same with each place given: for tests.
    static func locate(
        configured: String?, environment: String?, program: String, system: [String]
    ) throws(WarehouseError) -> DuckDBLibrary {
        let named = [configured, environment].compactMap { $0 }.first { !$0.isEmpty }
        return try loaded.withLock { (library) throws(WarehouseError) in
            if let named {
                guard access(named, R_OK) == 0 else {
                    throw WarehouseError(.libraryMissing, "load DuckDB", "there is no file \(named); \(remedy)")
                }
                if let library { return library }
                let result = try load(named)
                library = result
                return result
            }
            if let library { return library }
            let result = try search(program: program, system: system)
            library = result
            return result
        }
    }

    /// The system's library first, then the places beside the program.
    static func search(program: String, system: [String]) throws(WarehouseError) -> DuckDBLibrary {
        var tooOld: WarehouseError?
        for name in system {
            do throws(WarehouseError) {
                return try load(name)
            } catch {
                if error.code == .libraryIncomplete { tooOld = error }
            }
        }
        for path in places(program: program) where access(path, R_OK) == 0 { return try load(path) }
        throw tooOld
            ?? WarehouseError(
                .libraryMissing, "load DuckDB", "libduckdb.so is not on this machine; \(remedy)")
    }

    /// The files looked at beside the program, nearest first.
    static func places(program: String) -> [String] {
        var directory = parent(of: program)
        var places = ["\(parent(of: directory))/lib/millrace/\(fileName)"]
        while !directory.isEmpty {
            places.append("\(directory)/.build/duckdb/\(fileName)")
            directory = parent(of: directory)
        }
        return places
    }

    static func load(_ path: String) throws(WarehouseError) -> DuckDBLibrary {
        let size = 512
        var message = [UInt8](repeating: 0, count: size)
        let failure = message.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cduckdb_load(path, $0.baseAddress, size) }
        }
        if failure == 0 { return DuckDBLibrary(path: path) }
        let reason = String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
        let code: WarehouseError.Code = failure == 2 ? .libraryIncomplete : .libraryUnusable
        throw WarehouseError(code, "load DuckDB from \(path)", "\(reason); \(remedy)")
    }

    private static func programPath() -> String {
        let size = 4_096
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let count = max(0, readlink("/proc/self/exe", start, size))
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[..<slash])
    }
}
