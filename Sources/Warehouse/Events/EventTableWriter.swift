import CDuckDB
import EventModel

/// Fills chunks with events, in the order and with the types of `SQL/events.Table.sql`.
struct EventTableWriter {
    static var types: [LogicalType] {
        let text = LogicalType.plain(.varchar)
        let double = LogicalType.plain(.double)
        let timestamp = LogicalType.plain(.timestamp)
        let whole = LogicalType.plain(.bigint)
        return [
            .plain(.uuid), text, text, text, text, text, text, text,
            .structure("x", "y", double), .structure("width", "height", double),
            text, timestamp, text, text, text, text, text, text, text, text,
            .map(text, text), timestamp, whole, whole, double,
            .decimal(width: Revenue.digits, scale: Revenue.fractionDigits),
            timestamp, .plain(.boolean), text, text, text, text, text, text,
        ]
    }

    /// A pointer, so that reading one field copies (and counts references of) that field only.
    private typealias Row = UnsafePointer<StoredEvent>

    private let rows: [UnsafePointer<StoredEvent>]
    private let columns: [EventColumns]
    private let chunk: ChunkWriter

    /// The rows of one chunk: those of `rows` that `order` names.
    init(_ rows: UnsafeBufferPointer<StoredEvent>, order: ArraySlice<Int32>, chunk: ChunkWriter) {
        self.chunk = chunk
        self.rows = rows.baseAddress.map { base in order.map { base + Int($0) } } ?? []
        columns = self.rows.map { EventColumns($0.pointee.event) }
    }

    func fill() {
        all(0) { writer, row, event in writer.put(event.pointee.event.id, at: row) }
        text(1) { $0.pointee.event.projectID.rawValue }
        text(2) { $0.pointee.sessionID }
        text(3) { $0.pointee.event.userID }
        text(4) { $0.pointee.event.eventType }
        text(5) { $0.pointee.event.elementPath }
        text(6) { $0.pointee.event.elementType }
        text(7) { $0.pointee.event.elementText }
        pair(8) { $0.pointee.event.coordinates.map { ($0.x, $0.y) } }
        pair(9) { $0.pointee.event.viewport.map { ($0.width, $0.height) } }
        text(10) { $0.pointee.event.eventData }
        all(11) { writer, row, event in writer.put(event.pointee.event.timestamp, at: row) }
        text(12) { $0.pointee.event.pageURL }
        text(13) { $0.pointee.event.componentID }
        text(14) { $0.pointee.event.metadata }
        text(15) { $0.pointee.event.referrer }
        text(16) { $0.pointee.event.userAgent }
        text(17) { $0.pointee.event.ipHash }
        text(18) { $0.pointee.event.deviceType }
        text(19) { $0.pointee.event.countryCode }
        properties(20)
        all(21) { writer, row, event in writer.put(event.pointee.event.receivedAt, at: row) }
        all(22) { writer, row, event in writer.put(Int64(bitPattern: event.pointee.sequence), at: row) }
        integer(23) { $0.pointee.event.hesitationMilliseconds }
        all(24) { writer, row, event in
            if let value = event.pointee.event.scrollPercentage {
                writer.put(value, at: row)
            } else {
                writer.putNull(at: row)
            }
        }
        computed(25) { writer, row, columns in
            if let value = columns.revenue { writer.put(value.unscaled, at: row) } else { writer.putNull(at: row) }
        }
        all(26) { writer, row, event in
            if let time = event.pointee.sessionStartedAt { writer.put(time, at: row) } else { writer.putNull(at: row) }
        }
        all(27) { writer, row, event in writer.put(event.pointee.event.isBot, at: row) }
        computedText(28) { $0.source.source }
        computedText(29) { $0.source.medium }
        computedText(30) { $0.source.campaign }
        computedText(31) { $0.channel.rawValue }
        text(32) { $0.pointee.event.variant?.testID }
        text(33) { $0.pointee.event.variant?.variant }
    }

    private func all(_ column: Int, _ put: (inout VectorWriter, Int, Row) -> Void) {
        var writer = chunk.column(column)
        for (row, event) in rows.enumerated() { put(&writer, row, event) }
    }

    private func text(_ column: Int, _ value: (Row) -> String?) {
        all(column) { writer, row, event in
            if let text = value(event) { writer.put(text, at: row) } else { writer.putNull(at: row) }
        }
    }

    private func integer(_ column: Int, _ value: (Row) -> Int64?) {
        all(column) { writer, row, event in
            if let number = value(event) { writer.put(number, at: row) } else { writer.putNull(at: row) }
        }
    }

    private func computed(_ column: Int, _ put: (inout VectorWriter, Int, EventColumns) -> Void) {
        var writer = chunk.column(column)
        for (row, columns) in columns.enumerated() { put(&writer, row, columns) }
    }

    private func computedText(_ column: Int, _ value: (EventColumns) -> String?) {
        computed(column) { writer, row, columns in
            if let text = value(columns) { writer.put(text, at: row) } else { writer.putNull(at: row) }
        }
    }

    /// A structure of two numbers; where it is null, so are its members.
    private func pair(_ column: Int, _ value: (Row) -> (Double, Double)?) {
        var structure = chunk.column(column)
        var first = chunk.member(0, ofStructure: structure)
        var second = chunk.member(1, ofStructure: structure)
        for (row, event) in rows.enumerated() {
            if let (left, right) = value(event) {
                first.put(left, at: row)
                second.put(right, at: row)
            } else {
                structure.putNull(at: row)
                first.putNull(at: row)
                second.putNull(at: row)
            }
        }
    }

    /// A map's keys must be unique: of a name that stands twice the last value counts.
    private func properties(_ column: Int) {
        let map = chunk.column(column)
        let count = rows.reduce(0) { $0 + $1.pointee.event.properties.count }
        let (keys, values) = chunk.entries(ofMap: map, count: count)
        var next = 0
        for (row, event) in rows.enumerated() {
            let start = next
            let properties = event.pointee.event.properties
            for (index, property) in properties.enumerated() {
                guard !properties[(index + 1)...].contains(where: { $0.name == property.name }) else { continue }
                keys.put(property.name, at: next)
                values.put(property.value, at: next)
                next += 1
            }
            map.put(duckdb_list_entry(offset: UInt64(start), length: UInt64(next - start)), at: row)
        }
        if next < count { duckdb_list_vector_set_size(map.vector, idx_t(next)) }
    }
}
