import ControlStore
import EventModel

/// The one transaction that makes a batch count.
struct BatchCommit {
    let batch: IdentifiedBatch
    let sessions: BatchSessions
    let files: [EventFile]
    let damaged: Int
    let logID: String
    let from: UInt64
    let through: UInt64

    /// Writes all that the batch changes, and returns how many dead letters it made. The checkpoint comes first:
    /// where another loader has moved it, nothing else is tried.
    func run(_ transaction: StoreTransaction) throws -> Int {
        try transaction.moveCheckpoint(logID: logID, from: from, to: through)
        for file in files { try transaction.insertEventFile(file) }
        var sessionCommit = SessionCommit(transaction)
        for entry in sessions.entries {
            try sessionCommit.write(entry, of: batch.projects[entry.project])
        }
        for name in batch.newNames { try transaction.insertEventName(name.name, of: name.project, on: name.day) }
        let letters = batch.deadLetters + sessions.deadLetters + sessionCommit.deadLetters
        var count = 0
        for letter in letters where try transaction.insertDeadLetter(letter) {
            count += 1
            try transaction.add(1, to: .deadLetter, of: letter.projectID)
        }
        try addCounters(transaction)
        return count
    }

    private func addCounters(_ transaction: StoreTransaction) throws {
        var loaded = [Int](repeating: 0, count: batch.projects.count)
        for place in batch.projectOf { loaded[Int(place)] += 1 }
        for (place, project) in batch.projects.enumerated() {
            try transaction.add(loaded[place], to: .loaded, of: project.rawValue)
            try transaction.add(batch.duplicates[place] ?? 0, to: .lateDuplicate, of: project.rawValue)
            try transaction.add(batch.otherNames[place] ?? 0, to: .otherName, of: project.rawValue)
        }
        try transaction.add(damaged, to: .damaged, of: "")
    }
}
