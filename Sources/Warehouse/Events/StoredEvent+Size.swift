extension StoredEvent {
    /// Bytes of a row before compression, from a sample of at most a thousand of the rows.
    static func averageBytes(_ rows: [StoredEvent]) -> Int {
        let step = max(1, rows.count / 1_000)
        var bytes = 0
        var count = 0
        for index in stride(from: 0, to: rows.count, by: step) {
            bytes += rows[index].approximateBytes
            count += 1
        }
        return bytes / max(1, count)
    }

    /// The texts, and 160 bytes for all the rest.
    private var approximateBytes: Int {
        let texts = [
            event.userID, sessionID, event.pageURL, event.referrer, event.userAgent, event.ipHash, event.elementPath,
            event.elementText, event.componentID, event.eventData, event.metadata,
        ]
        return 160 + texts.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
            + event.properties.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }
}
