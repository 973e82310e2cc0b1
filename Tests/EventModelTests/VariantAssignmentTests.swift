import Crypto
import EventModel
import Testing

@Suite struct VariantAssignmentTests {
    /// The buckets are those that the specification of the assignment names; Python's hashlib gives the same.
    @Test(arguments: [("hero_cta:v_8f3a", 9_442, "B"), ("hero_cta:v_0001", 5_561, "B"), ("price:v_8f3a", 4_655, "A")])
    func `a visitor has the bucket that every other implementation gives`(text: String, bucket: Int, variant: String) {
        let found = VariantAssignment.bucket(sha256: SHA256.hash(data: Array(text.utf8)))
        #expect(found == bucket)
        #expect(VariantAssignment.variant(bucket: found, shareOfA: 0.5) == variant)
    }

    @Test func `a share of 0 gives B to all, of 1 A`() {
        #expect(VariantAssignment.variant(bucket: 0, shareOfA: 0) == "B")
        #expect(VariantAssignment.variant(bucket: 9_999, shareOfA: 1) == "A")
        #expect(VariantAssignment.variant(bucket: 2_500, shareOfA: 0.25) == "B")
        #expect(VariantAssignment.variant(bucket: 2_499, shareOfA: 0.25) == "A")
    }
}

@Suite struct ClockTests {
    @Test func `MILLRACE_NOW sets a clock that ticks on`() throws {
        let clock = try #require(Clock.named(in: ["MILLRACE_NOW": "2025-01-01T12:00:00Z"]))
        let first = clock.now()
        #expect(first.description.hasPrefix("2025-01-01T12:00:0"))
        while clock.now() == first {}
        #expect(clock.now() > first)
        #expect(Clock.named(in: ["MILLRACE_NOW": "soon"]) == nil)
    }
}
