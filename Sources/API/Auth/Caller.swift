import EventModel

/// Who sent a request, once that is shown.
package enum Caller: Sendable, Equatable {
    /// A server with the secret key of this project: reads this project's data.
    case project(ProjectID)
    /// A user of `admin.users`: reads everything.
    case administrator(name: String)
}
