import CSystemd

/// Tells the service manager how this process does; says nothing where none listens (`NOTIFY_SOCKET` is not set).
package enum Notifier {
    /// What can be told.
    package enum Message: Sendable, Equatable {
        /// The program does its work from now on.
        case ready
        /// The program ends what it has begun.
        case stopping
        /// One line for `systemctl status`.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .status(let line): "STATUS=" + line.map { $0.isNewline ? " " : String($0) }.joined()
            }
        }
    }

    /// Tells all of it at once. False where nobody listens or it could not be sent, which is no reason to end.
    @discardableResult
    package static func tell(_ messages: Message...) -> Bool {
        sd_notify(0, messages.map(\.text).joined(separator: "\n")) > 0
    }
}
