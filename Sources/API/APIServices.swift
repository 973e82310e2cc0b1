import ControlStore
import EventModel
import Hummingbird
import Settings

/// What all routes share.
package struct APIServices: Sendable {
    package let configuration: Configuration
    package let store: ControlStore
    /// Threads for calls of the store, which block.
    package let threads: BlockingThreads
    /// Who may do what.
    package let gate: Gate
    /// The version of the programs.
    package let version: String

    /// One read of the store, off the cooperative pool; a busy or broken store is a 503.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (StoreTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await threads.run { [store] in try store.read(body) }
        } catch let error where !(error is Problem || error is CancellationError) {
            throw Unavailable(underlying: error)
        }
    }

    /// The project whose numbers are shown where the caller named none: the configuration's, else the oldest.
    package func defaultProject(in transaction: StoreTransaction) throws -> Project? {
        guard let name = configuration.funnel.defaultProject else { return try transaction.projects().first }
        return try transaction.project(named: name)
    }

    /// The project that the caller may and wants to see: a key's own, an administrator's choice by id or name.
    ///
    /// Throws a 404 for a project that does not exist, and for another one than the key's.
    package func project(
        named name: String?, for caller: Caller, in transaction: StoreTransaction
    ) throws -> Project {
        switch caller {
        case .project(let id):
            guard let project = try transaction.project(id), name == nil || name == id.rawValue else {
                throw Problem(.notFound, "there is no such project among those that this key may read")
            }
            return project
        case .administrator:
            if let name {
                guard let project = try transaction.project(named: name) else {
                    throw Problem(.notFound, "there is no project with this id or name")
                }
                return project
            }
            guard let project = try defaultProject(in: transaction) else {
                throw Problem(
                    .notFound, "there is no project yet, or the configuration's funnel.default_project does not exist")
            }
            return project
        }
    }
}

/// The store could not be read: the caller learns only that, the log learns why.
struct Unavailable: Error {
    let underlying: any Error
}
