import ControlStore

/// Which files of a project's day to merge: eight of a size, where a size is a power of eight of rows.
///
/// Every merge lifts each of its rows to a higher size, so a row is written at most once a size: the total cost of a
/// day of n rows is O(n log n). At most seven files stay of each of the nine sizes under 134 million rows: 63.
enum MergePlan {
    /// The files to merge next; nil where none are due. `maximum` is the most that a day may have: from there on the
    /// smallest are merged whatever their size.
    static func next(_ files: [EventFile], mergeFiles: Int, maximum: Int) -> [EventFile]? {
        var sizes: [Int: [EventFile]] = [:]
        for file in files { sizes[size(of: file.rows, base: mergeFiles), default: []].append(file) }
        let due = sizes.filter { $0.value.count >= mergeFiles }.min { $0.key < $1.key }
        if let due { return Array(due.value.prefix(mergeFiles)) }
        guard files.count >= maximum else { return nil }
        return Array(files.sorted { $0.rows < $1.rows }.prefix(mergeFiles))
    }

    /// The whole logarithm of the rows.
    static func size(of rows: Int, base: Int) -> Int {
        var size = 0
        var rest = rows / max(2, base)
        while rest > 0 {
            size += 1
            rest /= max(2, base)
        }
        return size
    }
}
