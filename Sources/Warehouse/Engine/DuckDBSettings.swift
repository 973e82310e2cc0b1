/// How a database of DuckDB is opened.
package struct DuckDBSettings: Sendable, Equatable {
    /// A statement that needs more spills to `temporaryDirectory`, or fails.
    package var memoryLimitMiB: Int
    /// Threads a statement may use.
    package var threads: Int
    /// Where to spill; nil: nowhere.
    package var temporaryDirectory: String?
    /// What may be spilled at most.
    package var temporaryLimitMiB: Int

    package init(
        memoryLimitMiB: Int = 512, threads: Int = 2, temporaryDirectory: String? = nil, temporaryLimitMiB: Int = 16_384
    ) {
        self.memoryLimitMiB = memoryLimitMiB
        self.threads = threads
        self.temporaryDirectory = temporaryDirectory
        self.temporaryLimitMiB = temporaryLimitMiB
    }

    /// DuckDB's options by name. Extensions are never fetched: nothing here opens a connection to anywhere.
    var options: [(name: String, value: String)] {
        var options = [
            ("memory_limit", "\(memoryLimitMiB)MiB"), ("threads", "\(max(1, threads))"),
            ("autoinstall_known_extensions", "false"), ("autoload_known_extensions", "false"),
            ("allow_community_extensions", "false"), ("allow_persistent_secrets", "false"),
        ]
        options.append(("temp_directory", temporaryDirectory ?? ""))
        if temporaryDirectory != nil { options.append(("max_temp_directory_size", "\(temporaryLimitMiB)MiB")) }
        return options
    }
}
