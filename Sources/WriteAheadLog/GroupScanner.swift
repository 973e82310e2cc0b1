import Glibc

/// Finds sound groups in a stretch that holds other things too, sector by sector.
struct GroupScanner {
    private static let windowBytes = 64 << 10
    private static let zeros = [UInt8](repeating: 0, count: windowBytes)

    let file: SegmentFile
    let logID: LogID
    private var offset: Int
    private let end: Int
    /// Behind so many zeros in a row nothing is looked for.
    private let zeroLimit: Int
    private var zeroBytes = 0
    private var window: [UInt8] = []
    private var windowStart = 0
    /// The whole window is zeros.
    private var isWindowEmpty = false
    private var payload: [UInt8] = []

    /// Searches from the offset on, no farther than `limit` bytes, and not behind `zeroLimit` zeros.
    init(file: SegmentFile, logID: LogID, offset: Int, limit: Int = .max, zeroLimit: Int = .max) {
        self.file = file
        self.logID = logID
        self.offset = offset
        self.zeroLimit = zeroLimit
        end = limit < .max - offset ? offset + limit : .max
    }

    /// The next sound group and its place; nil at the end.
    mutating func next() throws(LogError) -> (offset: Int, group: GroupHeader)? {
        while offset < end, zeroBytes <= zeroLimit, try fillWindow() {
            if isWindowEmpty {
                offset = windowStart + LogFormat.aligned(window.count)
                continue
            }
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

    /// Has the sector at the offset, or what there is of it, in the window; false where no header fits before the end
    /// of the file.
    private mutating func fillWindow() throws(LogError) -> Bool {
        if offset >= windowStart, offset + LogFormat.groupHeaderSize <= windowStart + window.count { return true }
        windowStart = offset
        if window.count != Self.windowBytes { window = [UInt8](repeating: 0, count: Self.windowBytes) }
        let count = try window.withMutableBytes { buffer throws(LogError) in
            try file.read(into: buffer, at: windowStart)
        }
        if count < window.count { window.removeLast(window.count - count) }
        isWindowEmpty = count >= LogFormat.alignment && memcmp(window, Self.zeros, count) == 0
        zeroBytes = isWindowEmpty ? zeroBytes + count : 0
        return count >= LogFormat.groupHeaderSize
    }
}
