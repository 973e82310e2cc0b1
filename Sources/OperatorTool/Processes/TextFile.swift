import Glibc

/// Small files of text, read and replaced as a whole.
enum TextFile {
    /// A file larger than this is not read.
    private static let maximumBytes = 8 << 20

    /// The file's text; throws where it is not there, or may not be read.
    static func read(_ path: String) throws(ToolError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let code: ToolError.Code = errno == EACCES ? .noPermission : .notFound
            throw ToolError(code, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < maximumBytes {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a program said last in the file of its output, records of its log (`at=…`) aside.
    static func lastSentence(of path: String) -> String? {
        let text = (try? read(path)) ?? ""
        return text.split(separator: "\n").last { !$0.hasPrefix("at=") }.map(String.init)
    }

    /// Replaces a file's text; what cannot be written is left.
    static func write(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard file >= 0 else { return }
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }
}
