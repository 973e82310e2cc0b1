import NIOCore

/// The answers of one connection in the order of their requests: those that wait for the disk hold up those behind.
struct AnswerQueue {
    private struct Slot {
        var answer: Answer
        var isReady: Bool
    }

    private var slots = CircularBuffer<Slot>()
    /// The number of the request at the head.
    private var firstNumber = 0

    var count: Int { slots.count }
    var isEmpty: Bool { slots.isEmpty }

    /// The number which the next request gets.
    var nextNumber: Int { firstNumber + slots.count }

    mutating func append(_ answer: Answer, isReady: Bool) { slots.append(Slot(answer: answer, isReady: isReady)) }

    /// Lets the answer of a request go out, changed by `body`; does nothing where it is gone. Gives the answer.
    mutating func release(_ number: Int, _ body: (inout Answer) -> Void = { _ in }) -> Answer? {
        guard let slot = slots.index(slots.startIndex, offsetBy: number - firstNumber, limitedBy: slots.endIndex),
            number >= firstNumber, slot < slots.endIndex
        else { return nil }
        body(&slots[slot].answer)
        slots[slot].isReady = true
        return slots[slot].answer
    }

    /// The next answer that can go out.
    mutating func popReady() -> Answer? {
        guard let first = slots.first, first.isReady else { return nil }
        slots.removeFirst()
        firstNumber += 1
        return first.answer
    }
}
