import EventModel
import FoundationEssentials
import GRDB

extension Row {
    /// The time in a column that is never NULL; throws `.damaged` where its text is no time.
    package func timestamp(_ column: String) throws -> Timestamp {
        guard let time = try optionalTimestamp(column) else {
            throw StoreError(.damaged, "column \(column) holds no time where it must")
        }
        return time
    }

    /// The time in a column, nil for NULL; throws `.damaged` where its text is no time.
    package func optionalTimestamp(_ column: String) throws -> Timestamp? {
        guard let text: String = self[column] else { return nil }
        guard let time = Timestamp(text) else {
            throw StoreError(.damaged, "column \(column) holds \"\(text)\", which is no time")
        }
        return time
    }
}

/// JSON kept in text columns.
package enum JSONText {
    package static func decode<Value: Decodable>(
        _ type: Value.Type, _ text: String, of column: String
    ) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw StoreError(.damaged, "column \(column) holds JSON of another shape: \(error)", underlying: error)
        }
    }

    /// Compact, with the members in the order of their names: the same value is the same text.
    package static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
