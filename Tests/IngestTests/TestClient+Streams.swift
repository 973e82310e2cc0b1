import Foundation

extension TestClient {
    /// The lines of the next chunk of a streamed answer; nil at its end.
    func chunk() -> [String]? {
        guard let head = line(), let size = Int(head.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16) else {
            return nil
        }
        var lines: [String] = []
        var left = size
        while left > 0, let line = line() {
            lines.append(line)
            left -= line.utf8.count + 1
        }
        _ = line()
        return size > 0 && left == 0 ? lines : nil
    }

    /// The rest of a streamed answer.
    func streamed() -> StreamedAnswer {
        var answer = StreamedAnswer()
        while let chunk = chunk() { answer.add(chunk) }
        return answer
    }

    /// The lines until the connection ends.
    func allLines() -> StreamedAnswer {
        var answer = StreamedAnswer()
        while let line = line() { answer.add([line]) }
        return answer
    }
}

/// What a stream answered.
struct StreamedAnswer {
    /// The number last acknowledged.
    var acked = 0
    var refused: [Int] = []
    /// Of refused lines.
    var fields: [String] = []
    /// What was said without a line's number.
    var failures: [String] = []

    mutating func add(_ lines: [String]) {
        for line in lines {
            let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? [:]
            if let number = object["acked"] as? Int { acked = number }
            if let number = object["line"] as? Int { refused.append(number) }
            if let field = object["field"] as? String { fields.append(field) }
            if object["line"] == nil, let failure = object["error"] as? String { failures.append(failure) }
        }
    }
}
