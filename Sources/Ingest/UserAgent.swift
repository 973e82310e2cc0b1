/// What a `User-Agent` says of the device and of who is behind it. A rough guess, on purpose: three classes of device,
/// and crawlers that say so.
enum UserAgent {
    /// `mobile`, `tablet` or `desktop`; nil where the text is no browser's.
    static func deviceType(_ text: UnsafeRawBufferPointer) -> StaticString? {
        // "Tablet PC" is a component of Windows, on desktops too.
        if text.holds("iPad") || (text.holds("Tablet") && !text.holds("Tablet PC")) || text.holds("PlayBook")
            || text.holds("Silk/") || text.holds("Kindle")
        {
            return "tablet"
        }
        if text.holds("Mobi") || text.holds("iPhone") || text.holds("iPod") || text.holds("Opera Mini")
            || text.holds("BlackBerry") || text.holds("Symbian")
        {
            return "mobile"
        }
        guard text.holds("Mozilla/") || text.holds("Opera/") else { return nil }
        // Browsers on Android phones say Mobile.
        return text.holds("Android") ? "tablet" : "desktop"
    }

    /// Whether the text is a known crawler's or a driven browser's.
    static func isBot(_ text: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: text.count, alignment: 1) { buffer in
            for (index, byte) in text.enumerated() { buffer[index] = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
            return isBot(lowered: UnsafeRawBufferPointer(buffer))
        }
    }

    private static func isBot(lowered text: UnsafeRawBufferPointer) -> Bool {
        let device = androidDevice(text)
        let marks = CrawlerMarks.byFirstByte
        for start in 0..<max(0, text.count - 1) where CrawlerMarks.mayBegin(text[start], text[start + 1]) {
            guard !device.contains(start) else { continue }
            for mark in marks[Int(text[start])] where text.holds(mark, at: start) && !isDevice(text, start) {
                return true
            }
        }
        return text.hasEnding("bot") && !isDevice(text, text.count - 3)
    }

    /// Whether the mark found at `start` is part of a device's name.
    private static func isDevice(_ text: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        CrawlerMarks.devices.contains { name in
            let first = max(0, start - name.utf8CodeUnitCount + 1)
            return (first...start).contains { text.holds(name, at: $0) }
        }
    }

    /// The first words in brackets where they describe an Android device, whose maker may have called it anything:
    /// nothing is looked for there.
    private static func androidDevice(_ text: UnsafeRawBufferPointer) -> Range<Int> {
        guard let start = text.firstIndex(of: UInt8(ascii: "(")) else { return 0..<0 }
        var depth = 0
        var end = text.count
        for index in start..<text.count {
            if text[index] == UInt8(ascii: "(") { depth += 1 }
            if text[index] == UInt8(ascii: ")") { depth -= 1 }
            guard depth == 0 else { continue }
            end = index
            break
        }
        let words = text.part(start..<end)
        return words.holds("android") && !words.holds("compatible") ? start..<end : 0..<0
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the text occurs anywhere in the bytes.
    func holds(_ text: StaticString) -> Bool {
        let size = text.utf8CodeUnitCount
        guard size > 0, size <= count else { return false }
        let first = text.utf8Start[0]
        for start in 0...(count - size) where self[start] == first {
            var index = 1
            while index < size, self[start + index] == text.utf8Start[index] { index += 1 }
            if index == size { return true }
        }
        return false
    }

    /// Whether the text begins at `start`.
    func holds(_ text: StaticString, at start: Int) -> Bool {
        let size = text.utf8CodeUnitCount
        guard start >= 0, start + size <= count else { return false }
        for index in 0..<size where self[start + index] != text.utf8Start[index] { return false }
        return true
    }

    func hasEnding(_ text: StaticString) -> Bool {
        let size = text.utf8CodeUnitCount
        guard size <= count else { return false }
        return (0..<size).allSatisfy { self[count - size + $0] == text.utf8Start[$0] }
    }

    /// Whether the bytes are the text, ASCII letters in either case; `text` is in lower case.
    func isEqualIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let lowered = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            guard lowered == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// The same of a text that is known only when the program runs.
    func isEqualIgnoringCase(_ text: [UInt8]) -> Bool {
        guard count == text.count else { return false }
        for index in 0..<count {
            let byte = self[index]
            guard (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) == text[index] else { return false }
        }
        return true
    }

    func isEqual(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && holds(text)
    }

    /// The bytes between `start` and `end`, counted from 0.
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}
