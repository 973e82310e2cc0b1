/// Finds sound groups in a stretch that holds other things too, sector by sector.
struct GroupScanner {
    private static let windowBytes = 64 << 10

    let file: SegmentFile
    let logID: LogID
    private var offset: Int
    private let end: Int
    private var window: [UInt8] = []
    private var windowStart = 0
    private var payload: [UInt8] = []

    /// Searches from the offset on, and no farther than `limit` bytes.
    init(file: SegmentFile, logID: LogID, offset: Int, limit: Int = .max) {
        self.file = file
        self.logID = logID
        self.offset = offset
        end = limit < .max - offset ? offset + limit : .max
    }

    /// The next sound group and its place; nil at the end.
    mutating func next() throws(LogError) -> (offset: Int, group: GroupHeader)? {
        while offset < end, try fillWindow() {
            let place = offset
            let group = window.withUnsafeBytes { bytes in
                GroupHeader(UnsafeRawBufferPointer(rebasing: bytes[(place - windowStart)...]), logID: logID)
            }
            if let group, try file.readPayload(of: group, at: place, into: &payload) {
                offset += group.paddedBytes
                return (place, group)
            }
            offset += LogFormat.alignment
        }
        return nil
    }

    /// Has the header at the offset in the window; false where the file ends before it does.
    private mutating func fillWindow() throws(LogError) -> Bool {
        if offset >= windowStart, offset + LogFormat.groupHeaderSize <= windowStart + window.count { return true }
        windowStart = offset
        if window.count != Self.windowBytes { window = [UInt8](repeating: 0, count: Self.windowBytes) }
        let count = try window.withMutableBytes { buffer throws(LogError) in
            try file.read(into: buffer, at: windowStart)
        }
        if count < window.count { window.removeLast(window.count - count) }
        return count >= LogFormat.groupHeaderSize
    }
}
