extension DuckDBConnection {
    /// From here on the whole database reads and writes nothing but the given files and what lies below the given
    /// directories, and no setting can be changed; this connection takes only statements that read. For statements
    /// that a person typed. Tables made before stay.
    package func lockDown(files: [String] = [], directories: [String] = []) throws(WarehouseError) {
        let attempt = "lock the connection down"
        // The order matters: the lists can't be set once external access is off.
        try execute("SET allowed_directories = \(Self.list(directories))", attempting: attempt)
        try execute("SET allowed_paths = \(Self.list(files))", attempting: attempt)
        try execute("SET enable_external_access = false", attempting: attempt)
        try execute("SET lock_configuration = true", attempting: attempt)
        readsOnly = true
    }

    private static func list(_ paths: [String]) -> String {
        "[" + paths.map(literal).joined(separator: ", ") + "]"
    }
}
