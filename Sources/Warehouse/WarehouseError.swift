import EventModel

/// What went wrong in the warehouse: a code, what was attempted, and what lies underneath.
package struct WarehouseError: ExitCoded, Equatable {
    package enum Code: Sendable, CaseIterable {
        /// libduckdb is nowhere to be found.
        case libraryMissing
        /// libduckdb is there, but cannot be loaded.
        case libraryUnusable
        /// libduckdb is there, but lacks a function: it is too old.
        case libraryIncomplete
        /// The memory limit was reached, and spilling to disk did not help.
        case outOfMemory
        /// Somebody asked for the work to stop.
        case interrupted
        /// The locked-down connection doesn't allow this, or the file's owner doesn't.
        case refused
        /// The statement is wrong, or its values are.
        case badStatement
        /// A file is not what it should be.
        case damagedFile
        /// A file is not there.
        case missingFile
        /// The disk refused to read or write.
        case inputOutput
        /// The engine itself failed.
        case engine
    }

    package let code: Code
    /// What was being done, and where: goes on after "cannot".
    package let attempted: String
    /// The reason, and the remedy where there is one.
    package let underlying: String

    package init(_ code: Code, _ attempted: String, _ underlying: String) {
        self.code = code
        self.attempted = attempted
        self.underlying = underlying
    }

    package var description: String { "cannot \(attempted): \(underlying)" }

    package var exitCode: ExitCode {
        switch code {
        case .libraryMissing, .libraryUnusable, .libraryIncomplete, .outOfMemory: .unavailable
        case .interrupted: .tryAgain
        case .refused: .noPermission
        case .badStatement: .usage
        case .damagedFile: .badData
        case .missingFile: .noInput
        case .inputOutput: .inputOutput
        case .engine: .failed
        }
    }

    /// The same error, said of another attempt.
    func during(_ attempted: String) -> WarehouseError { WarehouseError(code, attempted, underlying) }
}

extension WarehouseError {
    /// The error of DuckDB's `duckdb_error_type` and message.
    init(duckdbType type: Int32, message: String, attempted: String) {
        let code: Code =
            switch type {
            case 29: .interrupted
            case 33: .outOfMemory
            case 34: .refused
            case 28: Self.code(ofInputOutput: message)
            case 1, 2, 5, 6, 13, 14, 15, 18, 22, 24, 35, 36: .badStatement
            case 0: Self.isDamage(message) ? .damagedFile : .engine
            case 9, 32: Self.isDamage(message) ? .damagedFile : .badStatement
            default: .engine
            }
        self.init(code, attempted, Self.oneLine(message) + Self.remedy(type, message))
    }

    /// What to do about a file that the system refused; nothing for any other error.
    private static func remedy(_ type: Int32, _ message: String) -> String {
        guard type == 28 else { return "" }
        if message.contains("No space left") { return "; free some space and try again" }
        return isDenied(message) ? "; check who owns it, and its mode" : ""
    }

    private static func isDenied(_ message: String) -> Bool {
        ["Permission denied", "Operation not permitted", "Read-only file system"].contains { message.contains($0) }
    }

    private static func code(ofInputOutput message: String) -> Code {
        if isDenied(message) { return .refused }
        if message.contains("No files found") || message.contains("No such file") { return .missingFile }
        let damage = ["No magic bytes", "too small to be a Parquet file", "not enough bytes", "Parquet"]
        return damage.contains { message.contains($0) } ? .damagedFile : .inputOutput
    }

    /// What DuckDB says of files that it cannot make out.
    private static func isDamage(_ message: String) -> Bool {
        let lowered = message.lowercased()
        let signs = [
            "magic bytes", "parquet", "tprotocolexception", "variable-length int", "footer", "snappy", "zstd",
            "decompression", "out of buffer", "corrupt",
        ]
        return signs.contains { lowered.contains($0) }
    }

    /// The message's first paragraph, without line breaks: DuckDB puts hints and carets behind it.
    private static func oneLine(_ message: String) -> String {
        var line = ""
        for part in message.split(separator: "\n", omittingEmptySubsequences: false) {
            if part.isEmpty { break }
            line += (line.isEmpty ? "" : " ") + part
        }
        return line.isEmpty ? "DuckDB gave no reason" : line
    }
}
