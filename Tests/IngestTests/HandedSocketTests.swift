import EventModel
import Foundation
import Glibc
import Systemd
import TestKit
import Testing

@testable import Ingest

@Suite struct HandedSocketTests {
    private static let event = #"{"event_type": "a"}"#

    /// A listening socket as a service manager has it: of TCP on any free port, or at a path.
    private final class Keeper {
        let descriptor: Int32

        init(path: String? = nil, isIPv6: Bool = false) throws {
            let domain = path != nil ? AF_UNIX : isIPv6 ? AF_INET6 : AF_INET
            descriptor = socket(domain, Int32(SOCK_STREAM.rawValue), 0)
            var storage = sockaddr_storage()
            let size = withUnsafeMutableBytes(of: &storage) { bytes in
                bytes.storeBytes(of: sa_family_t(domain), as: sa_family_t.self)
                if let path {
                    for (index, byte) in path.utf8.enumerated() { bytes[2 + index] = byte }
                    return MemoryLayout<sockaddr_un>.size
                }
                if isIPv6 { bytes[8 + 15] = 1 } else { (bytes[4], bytes[7]) = (127, 1) }
                return isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
            }
            let result = withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(size)) }
            }
            try #require(result == 0 && listen(descriptor, 100) == 0)
        }

        deinit { close(descriptor) }

        var port: Int {
            var address = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
            }
            return Int(UInt16(bigEndian: address.sin_port))
        }

        /// A copy of its own for the daemon, as it inherits one.
        func handed(_ name: String) throws -> ListenSocket {
            try ListenSocket(name: name, descriptor: fcntl(descriptor, F_DUPFD_CLOEXEC, 3))
        }
    }

    /// Runs `body` beside a daemon that was handed these sockets.
    private func serve(
        _ directory: String, _ sockets: [ListenSocket], log: SteeredLog? = nil,
        body: (IngestServer, IngestOptions) async throws -> Void
    ) async throws {
        var options = IngestOptions(directory: directory)
        options.bounds.tick = .milliseconds(20)
        options.bounds.drainGrace = .milliseconds(50)
        options.bounds.drainFirstGrace = .milliseconds(50)
        options.bounds.lingerTimeout = .milliseconds(200)
        try TestServer.write(TestServer.snapshot(), to: options.snapshotFile)
        let log = log ?? SteeredLog()
        log.subscribe { _ in }
        let server = try await IngestServer.start(options, log: log, sockets: sockets, logger: TestServer.quiet)
        do { try await body(server, options) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func warnings(_ options: IngestOptions) throws -> [String] {
        let data = try Data(contentsOf: URL(filePath: options.statusFile))
        return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["warnings"] as? [String] ?? []
    }

    @Test func `with sockets handed over the daemon listens on those alone, by their names`() async throws {
        try await withTemporaryDirectory { directory in
            let (tcp, six) = (try Keeper(), try Keeper(isIPv6: true))
            let (unix, stream) = (try Keeper(path: directory + "/i"), try Keeper(path: directory + "/s"))
            let sockets = [
                try stream.handed("stream"), try tcp.handed("http"), try unix.handed("ingest"), try six.handed("http"),
            ]
            try await serve(directory, sockets) { (server, options) async throws in
                #expect(server.port == tcp.port)
                #expect(server.listenerNames.filter { $0.hasPrefix("http ") }.count == 2)
                #expect(server.listenerNames.contains { $0.hasPrefix("http [::1]:") })
                #expect(server.listenerNames.contains("ingest \(directory)/i"))
                #expect(server.listenerNames.contains("stream \(directory)/s"))
                #expect(access(options.unixSocket, F_OK) != 0 && access(options.streamSocket, F_OK) != 0)
                #expect(try TestClient(port: tcp.port).request("GET", "/health").status == 200)
                #expect(try TestClient(path: directory + "/i").request("GET", "/health").status == 200)
                let client = try TestClient(path: directory + "/s")
                client.send("{\"key\": \"wrong\"}\n")
                #expect(client.line()?.contains("key") == true)
                #expect(try warnings(options).isEmpty)
            }
        }
    }

    @Test func `one that is missing and one of an unknown name are warnings in the status`() async throws {
        try await withTemporaryDirectory { directory in
            let (tcp, other) = (try Keeper(), try Keeper())
            let sockets = [try tcp.handed("http"), try other.handed("htpp")]
            try await serve(directory, sockets) { (server, options) async throws in
                #expect(server.listenerNames.count == 1)
                let warnings = try warnings(options)
                #expect(warnings.count == 3)
                #expect(warnings.contains { $0.contains("handed over as htpp") })
                for name in ["ingest", "stream"] {
                    #expect(warnings.contains { $0.contains("no socket was handed over as \(name)") })
                }
            }
        }
    }

    @Test func `a socket of the wrong family, or no known name at all, stops the start`() throws {
        try withTemporaryDirectory { directory in
            let (tcp, unix) = (try Keeper(), try Keeper(path: directory + "/i"))
            for (keeper, name) in [(tcp, "ingest"), (tcp, "stream"), (unix, "http"), (tcp, "unknown")] {
                let socket = try keeper.handed(name)
                do throws(IngestError) {
                    _ = try HandedSockets([socket])
                    Issue.record("\(name) was taken")
                } catch {
                    #expect(error.exitCode == .badConfiguration && error.description.contains("handed over"))
                }
            }
        }
    }

    @Test func `a stop leaves path and mode of a socket handed over, who waits finds the successor`() async throws {
        try await withTemporaryDirectory { directory in
            let (tcp, unix) = (try Keeper(), try Keeper(path: directory + "/i"))
            #expect(chmod(directory + "/i", 0o640) == 0)
            try await serve(directory, [try tcp.handed("http"), try unix.handed("ingest")]) { _, _ in }
            var status = stat()
            #expect(stat(directory + "/i", &status) == 0 && status.st_mode & 0o777 == 0o640)
            let waiting = [try TestClient(port: tcp.port), try TestClient(path: directory + "/i")]
            for client in waiting { client.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n") }
            try await serve(directory, [try tcp.handed("http"), try unix.handed("ingest")]) { (_, _) async throws in
                for client in waiting { #expect(try client.response().status == 200) }
            }
        }
    }

    @Test func `while the daemon stops, what was read is answered and new connections wait`() async throws {
        try await withTemporaryDirectory { directory in
            let tcp = try Keeper()
            let log = SteeredLog()
            var late: TestClient?
            try await serve(directory, [try tcp.handed("http")], log: log) { (server, _) async throws in
                let client = try TestClient(port: tcp.port)
                client.send(TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: Self.event))
                try await log.waitForSequence(1)
                let stop = Task { await server.stop() }
                while try await !server.isDraining() { await Task.yield() }
                let next = try TestClient(port: tcp.port)
                next.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
                log.makeDurable()
                let answer = try client.response()
                #expect(answer.status == 202 && answer.headers["connection"] == "close")
                await stop.value
                late = next
            }
            try await serve(directory, [try tcp.handed("http")]) { (_, _) async throws in
                #expect(try late?.response().status == 200)
            }
        }
    }
}
