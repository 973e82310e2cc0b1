import CCRC32C
import EventModel

/// The log on disk, byte for byte. All numbers are little-endian; checksums are CRC32C.
///
/// A log is a directory of segments. A segment's name is its first sequence number in 20 digits and `.wal`. It is
/// made under another name and renamed when its header is on the disk, so that it never shows without one.
///
///     segment     header, the same header again, groups, zeros
///
///     header      512 bytes
///        0    8   "MRLOGSEG"
///        8    4   version, 1
///       12    4   zero
///       16   16   log id
///       32    8   first sequence: the number of the segment's first record, and its file's name
///       40    8   reserved through: no number above this one was handed out by whoever wrote the segment
///       48    8   previous: the last record that stands in the log before this segment, 0 for none
///       56    8   time of creation, milliseconds since 1970
///       64  444   zero
///      508    4   checksum of bytes 0 to 507
///
///     group       begins at a multiple of 512, so that no two share a disk sector, and one that was durable is never
///                 in the way of a later write
///        0    4   "MRG1"
///        4    4   size of the payload
///        8    8   sequence number of the first record; the others follow without gaps, and so do the groups
///       16    4   number of records
///       20    4   flags: 1 = the log was closed here; everything that was handed out before is in it
///       24    8   the last sequence number known to be durable when the group was written
///       32    8   time of writing, milliseconds since 1970
///       40   16   log id
///       56    4   checksum of the payload
///       60    4   checksum of bytes 0 to 59
///       64        payload: each record as its length (4 bytes) and its bytes; then zeros up to a multiple of 512
///
/// What is not a valid group at its place is the end of the log, a torn tail, or damage. It is damage where a later
/// group, or the next segment's header, knows a higher number as durable; the reader then looks on, sector by sector,
/// for the next valid group, and has lost the numbers in between. Otherwise the log ends before it.
///
/// Numbers have gaps between segments only. They are handed out before anything is on the disk, but never more than a
/// segment's reserve, which is durable before its first number is handed out: so the next start begins past it.
/// After a log was closed properly the numbers go on without a gap.
enum LogFormat {
    static let version: UInt32 = 1
    static let headerSize = 512
    /// Where the groups begin: behind the header and its copy.
    static let dataStart = 2 * headerSize
    static let alignment = 512
    static let groupHeaderSize = 64
    static let recordHeaderSize = 4
    /// A record may not be larger; a group's payload is at most this and its length.
    static let maxRecordBytes = 16 << 20
    static let maxPayloadBytes = maxRecordBytes + (1 << 20)
    /// More than any segment ever reserves: taken where a damaged header does not tell.
    static let maxReservedNumbers: UInt64 = 1 << 26
    /// What claims a higher number is damaged: so many are not written in the life of any log.
    static let maxSequence: UInt64 = 1 << 62

    static let segmentMagic: UInt64 = 0x4745_5347_4F4C_524D
    static let groupMagic: UInt32 = 0x3147_524D

    /// Years 1 to 9999.
    private static let times: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// A time as it stands in a file, brought to one that can be reckoned with.
    static func time(_ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: min(max(milliseconds, times.lowerBound), times.upperBound))
    }

    static func aligned(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }
}

/// The CRC32C of the bytes.
func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    millrace_crc32c(0, bytes.baseAddress, bytes.count)
}

extension UnsafeRawBufferPointer {
    func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    func put(_ number: some FixedWidthInteger, at offset: Int) {
        storeBytes(of: number.littleEndian, toByteOffset: offset, as: type(of: number))
    }
}

extension [UInt8] {
    /// As `withUnsafeBytes`, but says which errors the body throws.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { (buffer) throws(Failure) in try body(UnsafeRawBufferPointer(buffer)) }
    }

    /// As `withUnsafeMutableBytes`, but says which errors the body throws.
    mutating func withMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeMutableBufferPointer { (buffer) throws(Failure) in
            try body(UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
