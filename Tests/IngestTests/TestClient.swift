import Foundation
import Glibc
import Testing

/// A plain blocking socket, so that a test decides about each byte. Every read ends after five seconds.
final class TestClient: @unchecked Sendable {
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        limitWaiting()
    }

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        limitWaiting()
    }

    deinit { close(descriptor) }

    private func limitWaiting() {
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) { _ = sends(bytes) }

    /// What the system reports of the connection, such as ECONNRESET; 0 where all is well.
    var systemError: Int32 {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
        return error
    }

    /// Whether all the bytes were taken: false once the other side has ended the connection.
    func sends(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    /// Gone without a farewell: the other side's next read fails.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        var address = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        // Ends the connection at once; the descriptor stays until nobody needs it.
        connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr>.size))
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The connection's end resets it.
    func resetWhenReleased() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    /// False where the connection ended or nothing came in time.
    private func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return false }
        received += chunk[..<count]
        return true
    }

    /// Whether the other side ends the connection, nothing more being sent.
    func isEnded() -> Bool {
        guard received.isEmpty else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 0 || errno == ECONNRESET
    }

    /// One line without its end; nil where none came.
    func line() -> String? {
        while true {
            if let end = received.firstIndex(of: 10) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                return line
            }
            guard receive() else { return nil }
        }
    }

    struct Response {
        var status = 0
        var headers: [String: String] = [:]
        var body = ""

        var verdict: String? { headers["millrace-verdict"] }
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
        }
    }

    func response(toHead: Bool = false) throws -> Response {
        var response = Response()
        let start = try #require(line(), "no answer came")
        response.status = Int(start.split(separator: " ").dropFirst().first ?? "") ?? 0
        while true {
            let header = try #require(line()).trimmingCharacters(in: .whitespaces.union(.newlines))
            if header.isEmpty { break }
            let parts = header.split(separator: ":", maxSplits: 1)
            response.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let size =
            toHead || response.status == 204 || response.status == 100
            ? 0 : Int(response.headers["content-length"] ?? "") ?? 0
        while received.count < size { try #require(receive()) }
        response.body = String(decoding: received[..<size], as: UTF8.self)
        received.removeFirst(size)
        return response
    }

    /// Sends a request and reads its answer.
    func request(
        _ method: String = "POST", _ target: String, headers: [String: String] = [:], body: String? = nil
    ) throws -> Response {
        send(Self.text(method, target, headers: headers, body: body))
        return try response(toHead: method == "HEAD")
    }

    static func text(
        _ method: String = "POST", _ target: String, headers: [String: String] = [:], body: String? = nil
    ) -> String {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n\r\n" + body } else { text += "\r\n" }
        return text
    }
}
