import Testing

@testable import WriteAheadLog

struct RecordBatchTests {
    @Test func `a record written in place is framed as one that is copied`() {
        let copied = batch([[1, 2, 3], [], [4]])
        var written = RecordBatch()
        for record in [[1, 2, 3], [], [4]] as [[UInt8]] {
            written.append(atMost: 100) { memory in
                memory.copyBytes(from: record)
                return record.count
            }
        }
        #expect(written.bytes == copied.bytes && written.count == 3 && written.largestRecord == 3)
    }

    @Test func `a batch behind another is both in a row`() {
        var first = batch([[1], [2, 3]])
        first.append(contentsOf: batch([[4, 5, 6, 7], [8]]))
        let all = batch([[1], [2, 3], [4, 5, 6, 7], [8]])
        #expect(first.bytes == all.bytes && first.count == 4 && first.largestRecord == 4)
        first.removeAll()
        #expect(first.isEmpty && first.byteCount == 0 && first.largestRecord == 0)
    }
}
