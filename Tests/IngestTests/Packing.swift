import CCompression

/// Packs bytes as senders do.
enum Packing {
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        return withUnsafeMutablePointer(to: &stream) { stream in
            guard deflateInit2_(stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
                return []
            }
            defer { deflateEnd(stream) }
            var input = bytes
            var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(bytes.count))))
            let room = output.count
            return input.withUnsafeMutableBufferPointer { input in
                output.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_in = input.baseAddress
                    stream.pointee.avail_in = UInt32(input.count)
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(room)
                    deflate(stream, Z_FINISH)
                    return Array(output.prefix(room - Int(stream.pointee.avail_out)))
                }
            }
        }
    }

    /// `windowLog` names a window larger than the bytes need, as a sender does who does not know how many come.
    static func zstd(_ bytes: [UInt8], windowLog: Int32 = 0) -> [UInt8] {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count) + 64)
        let size = bytes.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output -> Int in
                var input = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                var output = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue)
                ZSTD_compressStream2(context, &output, &input, ZSTD_e_end)
                return output.pos
            }
        }
        return Array(output.prefix(size))
    }

    /// By the name that stands in `Content-Encoding`.
    static func packed(_ encoding: String, _ text: String) -> [UInt8] {
        switch encoding.lowercased() {
        case "gzip", "x-gzip": gzip(Array(text.utf8))
        case "zstd": zstd(Array(text.utf8))
        default: Array(text.utf8)
        }
    }
}

extension TestClient {
    /// Sends a request whose body is bytes, and reads its answer.
    func request(_ target: String, headers: [String: String], bytes: [UInt8]) throws -> Response {
        var head = "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(bytes.count)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        send(Array((head + "\r\n").utf8) + bytes)
        return try response()
    }
}
