import Dispatch

/// A thread for work that blocks, whose end can be waited for.
struct WorkThread {
    private let group = DispatchGroup()

    /// Starts the work at once.
    init(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "millrace.upkeep").async(group: group, execute: DispatchWorkItem(block: body))
    }

    /// Returns when the work has ended.
    func join() { group.wait() }
}
