import NIOCore

extension ByteBuffer {
    /// Read bytes that may stand before those not yet read.
    private static let keptReadBytes = 64 << 10

    /// Puts what came behind what is not yet read. Bytes that were read make room again: a sender whose requests or
    /// lines are always cut by the reads would else let the buffer grow for as long as he sends.
    mutating func take(_ incoming: inout ByteBuffer) {
        guard readableBytes > 0 else {
            self = incoming
            return
        }
        if readerIndex >= Self.keptReadBytes { discardReadBytes() }
        writeBuffer(&incoming)
    }
}
