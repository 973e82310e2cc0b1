import NIOCore

extension StreamConnection {
    /// The stream socket's are never closed for others.
    var uselessSince: NIODeadline? { (body?.peer ?? .proxy) == .proxy || !lines.groups.isEmpty ? nil : lines.lastUse }

    func checkTimeouts(_ now: NIODeadline) {
        guard let context else { return }
        if let ending { return ending.checkTimeout(now) }
        if let blockedSince, now - blockedSince > TimeAmount(bounds.writeTimeout) {
            return context.close(promise: nil)
        }
        if lines.key == nil, now - openedAt > TimeAmount(bounds.headTimeout) {
            lines.refuse(Refusal(.tooSlow, "no key came in time"))
        } else if body != nil, waitsForSender, now - lastByteAt > TimeAmount(bounds.idleTimeout) {
            lines.refuse(Refusal(.tooSlow, "nothing came for \(bounds.idleTimeout.components.seconds) s"))
        }
        // A key may have been revoked since the last line.
        if lines.key != nil { lines.refreshKey() }
        if lines.failure != nil { move() }
    }

    /// Nothing more is read; what waits for the disk is still acknowledged.
    func drain() { move() }

    func abandon() { context?.close(promise: nil) }
}
