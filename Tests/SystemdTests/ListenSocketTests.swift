import Glibc
import TestKit
import Testing

@testable import Systemd

/// A socket bound to any free port of this machine, or to a path; -1 where it cannot be made.
private func boundSocket(type: Int32 = Int32(SOCK_STREAM.rawValue), path: String? = nil) -> Int32 {
    let descriptor = socket(path == nil ? AF_INET : AF_UNIX, type, 0)
    let size: Int
    var storage = sockaddr_storage()
    size = withUnsafeMutableBytes(of: &storage) { bytes in
        if let path {
            bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            for (index, byte) in path.utf8.enumerated() { bytes[2 + index] = byte }
            return MemoryLayout<sockaddr_un>.size
        }
        bytes.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
        bytes.storeBytes(of: UInt32(0x7F00_0001).bigEndian, toByteOffset: 4, as: UInt32.self)
        return MemoryLayout<sockaddr_in>.size
    }
    let result = withUnsafePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(size)) }
    }
    return result == 0 ? descriptor : -1
}

/// Ends the child process of an exit test with a number that says which line of it did not hold.
private func expect(_ condition: Bool, _ code: Int32) { if !condition { exit(code) } }

@Suite struct ListenSocketTests {
    @Test func `a listening stream socket is taken, with its family, not blocking and closed on exec`() throws {
        try withTemporaryDirectory { directory in
            for (path, family) in [(nil, ListenSocket.Family.internet), (directory + "/s", .unix)] {
                let descriptor = boundSocket(path: path)
                defer { close(descriptor) }
                try #require(listen(descriptor, 5) == 0)
                let socket = try ListenSocket(name: "a", descriptor: descriptor)
                #expect(socket.family == family && socket.name == "a" && socket.descriptor == descriptor)
                #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
                #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
            }
        }
    }

    @Test func `what is no listening stream socket is refused by its name`() throws {
        func refusal(_ descriptor: Int32) -> SystemdError? {
            do throws(SystemdError) {
                _ = try ListenSocket(name: "http", descriptor: descriptor)
                return nil
            } catch { return error }
        }
        let bound = boundSocket()
        let datagrams = boundSocket(type: Int32(SOCK_DGRAM.rawValue))
        let file = open("/dev/null", O_RDONLY)
        defer { for descriptor in [bound, datagrams, file] { close(descriptor) } }
        for descriptor in [bound, datagrams, file, 1_000_000] {
            let error = try #require(refusal(descriptor))
            #expect(error.code == .badSocket && error.exitCode == .badConfiguration)
            #expect(error.description.contains("handed over as http"))
        }
    }

    @Test func `sockets are taken by the environment, with their names, once`() async {
        await #expect(processExitsWith: .success) {
            let (first, second) = (boundSocket(), boundSocket())
            expect(listen(first, 5) == 0 && listen(second, 5) == 0, 2)
            // Wherever they were made: handed over sockets begin at 3.
            let moved = [fcntl(first, F_DUPFD, 100), fcntl(second, F_DUPFD, 100)]
            expect(dup2(moved[0], 3) == 3 && dup2(moved[1], 4) == 4, 3)
            setenv("LISTEN_PID", String(getpid()), 1)
            setenv("LISTEN_FDS", "2", 1)
            setenv("LISTEN_FDNAMES", "stream:http", 1)
            let sockets = (try? ListenSocket.takeHandedOver()) ?? []
            expect(sockets.map(\.name) == ["stream", "http"], 4)
            expect(sockets.map(\.descriptor) == [3, 4], 5)
            expect(getenv("LISTEN_FDS") == nil && getenv("LISTEN_PID") == nil && getenv("LISTEN_FDNAMES") == nil, 6)
            expect((try? ListenSocket.takeHandedOver())?.isEmpty == true, 7)
            _exit(0)
        }
    }

    @Test func `what was meant for another process is not taken, and numbers that are none are refused`() async {
        await #expect(processExitsWith: .success) {
            setenv("LISTEN_FDS", "1", 1)
            setenv("LISTEN_PID", "1", 1)
            expect((try? ListenSocket.takeHandedOver())?.isEmpty == true, 2)
            setenv("LISTEN_FDS", "many", 1)
            setenv("LISTEN_PID", String(getpid()), 1)
            do throws(SystemdError) {
                _ = try ListenSocket.takeHandedOver()
                exit(3)
            } catch { expect(error.code == .unreadable, 4) }
        }
    }
}

@Suite struct NotifierTests {
    @Test func `nothing is told where nobody listens`() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            expect(!Notifier.tell(.ready), 2)
        }
    }

    @Test func `what is told arrives as lines of one message`() async {
        await #expect(processExitsWith: .success) {
            let path = "/tmp/millrace-notify-\(getpid())"
            unlink(path)
            let descriptor = boundSocket(type: Int32(SOCK_DGRAM.rawValue), path: path)
            defer { unlink(path) }
            expect(descriptor >= 0, 2)
            setenv("NOTIFY_SOCKET", path, 1)
            expect(Notifier.tell(.ready, .status("two\nlines")), 3)
            expect(Notifier.tell(.stopping), 4)
            var buffer = [UInt8](repeating: 0, count: 200)
            var count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            expect(count > 0 && String(decoding: buffer[..<count], as: UTF8.self) == "READY=1\nSTATUS=two lines", 5)
            count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            expect(count > 0 && String(decoding: buffer[..<count], as: UTF8.self) == "STOPPING=1", 6)
            unlink(path)
        }
    }
}
