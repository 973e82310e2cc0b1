/// The steps of the loader's work, in their order; a process may die before, in and after each.
package enum LoadStep: String, CaseIterable, Sendable {
    /// Records are taken from the log.
    case read
    /// Duplicates, unknown projects and event names beyond the most are found.
    case identify
    /// Each event finds its session.
    case resolveSessions
    case writeFiles
    case syncLog
    /// The transaction that makes all of it count.
    case commit
    /// Ids are remembered: memory only.
    case remember
    case writeMerged
    case commitMerge
    case collectGarbage
    case removeSegments
}

/// Is told of each step. In tests it throws, which the loader takes for the end of its process: it leaves
/// everything as it stands.
package protocol LoadObserver: Sendable {
    func before(_ step: LoadStep) throws
    func after(_ step: LoadStep) throws
}

/// Watches nothing.
package struct NoObserver: LoadObserver {
    package init() {}

    package func before(_ step: LoadStep) throws {}
    package func after(_ step: LoadStep) throws {}
}

extension LoadObserver {
    /// Runs one step between its two calls.
    func around<Value>(_ step: LoadStep, _ body: () throws -> Value) throws -> Value {
        try before(step)
        let value = try body()
        try after(step)
        return value
    }
}
