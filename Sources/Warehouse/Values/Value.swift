import EventModel

/// One value that came out of a query, or goes into one.
package enum Value: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// Integers of every width, where they fit.
    case integer(Int64)
    /// What 64 bits cannot hold.
    case hugeInteger(Int128)
    /// `unscaled` divided by 10 to the power of `scale`.
    case decimal(unscaled: Int128, scale: Int)
    case double(Double)
    case text(String)
    case blob([UInt8])
    case uuid(EventID)
    /// Microseconds since 1970-01-01T00:00:00Z; what was finer is cut.
    case timestamp(microseconds: Int64)
    case date(Day)
    /// Microseconds since midnight.
    case time(microseconds: Int64)
    case list([Value])
    /// Members in the order of the type.
    case structure([Member])
    /// Entries in the order stored.
    case map([Entry])

    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: Value

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package struct Entry: Sendable, Equatable {
        package let key: Value
        package let value: Value

        package init(key: Value, value: Value) {
            self.key = key
            self.value = value
        }
    }

    package static func timestamp(_ time: Timestamp) -> Value { .timestamp(microseconds: time.milliseconds * 1_000) }

    /// An integer, as narrow as it can be.
    static func whole(_ value: Int128) -> Value {
        Int64(exactly: value).map { .integer($0) } ?? .hugeInteger(value)
    }
}

extension Value {
    package var isNull: Bool { self == .null }

    package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    package var text: String? { if case .text(let value) = self { value } else { nil } }

    package var uuid: EventID? { if case .uuid(let value) = self { value } else { nil } }

    package var day: Day? { if case .date(let value) = self { value } else { nil } }

    /// The moment, cut to the millisecond.
    package var timestamp: Timestamp? {
        guard case .timestamp(let microseconds) = self else { return nil }
        return Timestamp(milliseconds: floorDivide(microseconds, 1_000))
    }

    /// Any number as the nearest double.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .hugeInteger(let value): Double(value)
        case .double(let value): value
        case .decimal: Double(description)
        default: nil
        }
    }
}

/// Division that rounds towards minus infinity.
func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}
