import EventModel

/// The column `origins`: from which event each text of a session was taken, where that is not the session's first.
///
/// One word a text, divided by spaces: its letter, the event's time in milliseconds since 1970, a colon, the event's
/// number in the log. Most sessions need none.
enum SessionOrigins {
    private static let letters: [Character] = ["u", "a", "r", "p", "d", "s", "l", "c"]

    /// The column's value; nil where every text is of the first event.
    static func text(of session: SessionRecord) -> String? {
        var words: [String] = []
        for letter in letters {
            guard let fact = session[origin: letter], fact.position != session.first else { continue }
            words.append("\(letter)\(fact.position.time.milliseconds):\(fact.position.sequence)")
        }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// Puts the places named by the column into a session whose texts all claim to be of its first event.
    static func apply(_ text: String, to session: inout SessionRecord) throws {
        for word in text.split(separator: " ") {
            let numbers = word.dropFirst().split(separator: ":")
            guard numbers.count == 2, let time = Int64(numbers[0]), let sequence = UInt64(numbers[1]),
                let letter = word.first, letters.contains(letter)
            else { throw StoreError(.damaged, "column origins of a session holds \"\(word)\", which names no event") }
            session[origin: letter]?.position = EventPosition(time: Timestamp(milliseconds: time), sequence: sequence)
        }
    }
}

extension SessionRecord {
    /// The text that a letter of the column stands for.
    fileprivate subscript(origin letter: Character) -> Fact? {
        get {
            switch letter {
            case "u": userID
            case "a": userAgent
            case "r": referrer
            case "p": landingPage
            case "d": deviceType
            case "s": screenResolution
            case "l": language
            default: countryCode
            }
        }
        set {
            switch letter {
            case "u": userID = newValue
            case "a": userAgent = newValue
            case "r": referrer = newValue
            case "p": landingPage = newValue
            case "d": deviceType = newValue
            case "s": screenResolution = newValue
            case "l": language = newValue
            default: countryCode = newValue
            }
        }
    }
}
