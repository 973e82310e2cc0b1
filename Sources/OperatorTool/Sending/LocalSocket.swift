import EventModel
import Glibc

/// A blocking connection to a program of this installation: to a Unix socket, or over TCP.
final class LocalSocket {
    let descriptor: Int32
    private let name: String
    /// A listener whose queue is full answers nothing.
    private static let connectSeconds = 5

    private init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    deinit { close(descriptor) }

    /// Connects to a Unix socket.
    static func unix(_ path: String) throws(ToolError) -> LocalSocket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ToolError(
                .usage, "the socket's path \(path) is longer than a socket's path may be; shorten runtime_dir")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let connection = LocalSocket(descriptor: descriptor, name: path)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw connection.unreachable(errno) }
        return connection
    }

    /// Connects to `host:port`.
    static func tcp(_ address: String) throws(ToolError) -> LocalSocket {
        let parts = address.split(separator: ":")
        let port = parts.last.map(String.init) ?? ""
        var host = parts.dropLast().joined(separator: ":")
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &found) == 0, let first = found else {
            throw ToolError(.unavailable, "\(address) is no address that this machine knows; check the configuration")
        }
        defer { freeaddrinfo(found) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(first.pointee.ai_family, type, 0)
        let connection = LocalSocket(descriptor: descriptor, name: address)
        connection.limit(seconds: connectSeconds)
        guard connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            throw connection.unreachable(errno)
        }
        return connection
    }

    /// How long a read or a write may take; both fail after it.
    func limit(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    func write(_ bytes: [UInt8]) throws(ToolError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw broken(errno) }
            done += count
        }
    }

    /// What has come; empty at the end.
    func read() throws(ToolError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw broken(errno) }
            return Array(buffer.prefix(count))
        }
    }

    /// Nothing more will be written.
    func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    private func unreachable(_ number: Int32) -> ToolError {
        ToolError(
            number == EACCES ? .noPermission : .unavailable,
            "cannot connect to \(name): \(String(cString: strerror(number))); start the daemon with `millrace up`")
    }

    private func broken(_ number: Int32) -> ToolError {
        ToolError(.unavailable, "the connection to \(name) broke: \(String(cString: strerror(number))); try again")
    }
}

/// HTTP/1.1 as far as the tool needs it: one request, one answer, one connection.
enum LocalHTTP {
    private static let maximumAnswerBytes = 1 << 20

    struct Answer {
        let status: Int
        let body: String
    }

    static func get(_ path: String, at address: String, seconds: Int = 5) throws(ToolError) -> Answer {
        let request = "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
        return try exchange(Array(request.utf8), over: .tcp(address), seconds: seconds)
    }

    /// Sends a JSON body with the headers given.
    static func post(
        _ path: String, _ body: [UInt8], headers: [(String, String)], over connection: LocalSocket, seconds: Int = 30
    ) throws(ToolError) -> Answer {
        var request = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        request += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        return try exchange(Array((request + "\r\n").utf8) + body, over: connection, seconds: seconds)
    }

    private static func exchange(
        _ request: [UInt8], over connection: LocalSocket, seconds: Int
    ) throws(ToolError) -> Answer {
        connection.limit(seconds: seconds)
        try connection.write(request)
        var bytes: [UInt8] = []
        while bytes.count < maximumAnswerBytes {
            let part = try connection.read()
            if part.isEmpty { break }
            bytes += part
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { !$0.isNewline }.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw ToolError(.unavailable, "an answer is no HTTP; is another program listening on this address?")
        }
        let body = text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        return Answer(status: status, body: body)
    }
}
