/// Whom a worker tells how it goes: the service manager, where there is one.
package protocol WorkerReport: Sendable {
    /// The stores are open and the first claim was tried.
    func ready()
    /// One short sentence: what, and how far.
    func status(_ text: String)
    /// The job's own loop moved on.
    func alive()
    /// A stop was asked for.
    func stopping()
}

/// Tells nobody.
package struct SilentReport: WorkerReport {
    package init() {}
    package func ready() {}
    package func status(_ text: String) {}
    package func alive() {}
    package func stopping() {}
}
