/// The deterministic choice of an A/B test's variant, the same in browser, server and on every machine.
package enum VariantAssignment {
    /// The bucket, 0 to 9,999, that a visitor has in a test, from the SHA-256 of the UTF-8 of `test_id:visitor_id`:
    /// its first 8 bytes as a big-endian integer modulo 10,000.
    package static func bucket(sha256 digest: some Sequence<UInt8>) -> Int {
        Int(digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 10_000)
    }

    /// `A` where the bucket is below A's share (0 to 1) of the 10,000, else `B`.
    package static func variant(bucket: Int, shareOfA: Double) -> String {
        Double(bucket) < 10_000 * shareOfA ? "A" : "B"
    }
}
