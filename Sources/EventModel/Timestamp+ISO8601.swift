extension Timestamp: CustomStringConvertible {
    /// ISO 8601 in UTC with milliseconds: `2025-01-01T12:00:00.123Z`. Sorts as text for the years 0 to 9999.
    package var description: String {
        let (year, month, dayOfMonth) = day.calendar
        let rest = milliseconds - day.start.milliseconds
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func append(_ value: Int64, digits: Int, then separator: Character?) {
            var divisor: Int64 = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
            if let separator { text.append(separator.asciiValue ?? 0) }
        }
        append(Int64(max(0, min(year, 9_999))), digits: 4, then: "-")
        append(Int64(month), digits: 2, then: "-")
        append(Int64(dayOfMonth), digits: 2, then: "T")
        append(rest / 3_600_000, digits: 2, then: ":")
        append(rest / 60_000 % 60, digits: 2, then: ":")
        append(rest / 1_000 % 60, digits: 2, then: ".")
        append(rest % 1_000, digits: 3, then: "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// ISO 8601 in UTC without a fraction: `2025-01-01T12:00:00Z`; what is under a second is cut.
    package var wholeSecondsText: String { String(description.prefix(19)) + "Z" }

    /// Reads ISO 8601: date, `T` or a space, time with optional seconds and fraction, then `Z` or an offset
    /// (`+02:00`, `+0200`, `+02`). What is finer than a millisecond is cut. A text without a zone, a day that no
    /// calendar has, or an hour over 23 is nil; a second of 60 is taken as the next minute's first.
    package init?(_ text: String) {
        var text = text
        guard let time = text.withUTF8({ Timestamp(iso8601: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = time
    }

    /// The same as `init?(_:)`, from UTF-8 bytes and without an allocation.
    package init?(iso8601 bytes: UnsafeRawBufferPointer) {
        var reader = DigitReader(bytes: bytes)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2)
        else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        if reader.skip(":") {
            guard let value = reader.number(2) else { return nil }
            second = value
            if reader.skip(".") || reader.skip(",") {
                guard let value = reader.milliseconds() else { return nil }
                fraction = value
            }
        }
        guard let offset = reader.zoneMinutes(), reader.isAtEnd,
            let days = Self.dayNumber(year: year, month: month, day: day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let minutes = days * 1_440 + hour * 60 + minute - offset
        self.init(milliseconds: (minutes * 60 + second) * 1_000 + fraction)
    }

    /// Days since 1970 of a date of the proleptic Gregorian calendar, nil where the month has no such day.
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64? {
        guard (1...12).contains(month), day >= 1 else { return nil }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length: Int64 =
            switch month {
            case 2: leap ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        guard day <= length else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.dividedDown(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Reads fixed-width numbers from bytes, moving on only where it succeeds.
private struct DigitReader {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    var isAtEnd: Bool { offset == bytes.count }

    mutating func number(_ digits: Int) -> Int64? {
        guard offset + digits <= bytes.count else { return nil }
        var value: Int64 = 0
        for index in offset..<(offset + digits) {
            guard let digit = Self.digit(bytes[index]) else { return nil }
            value = value * 10 + digit
        }
        offset += digits
        return value
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// One to nine digits of a second's fraction, cut to milliseconds.
    mutating func milliseconds() -> Int64? {
        var value: Int64 = 0
        var count = 0
        while offset < bytes.count, let digit = Self.digit(bytes[offset]) {
            if count < 3 { value = value * 10 + digit }
            count += 1
            offset += 1
        }
        guard (1...9).contains(count) else { return nil }
        for _ in count..<max(count, 3) { value *= 10 }
        return value
    }

    /// Minutes east of UTC.
    mutating func zoneMinutes() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(2), hours < 24 else { return nil }
        guard !isAtEnd else { return sign * hours * 60 }
        _ = skip(":")
        guard let minutes = number(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func digit(_ byte: UInt8) -> Int64? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
    }
}
