import EventModel
import Glibc
import NIOCore
import NIOPosix
import Systemd

/// Where beacons come in.
enum ListenerKind: String, CaseIterable, Sendable {
    case http, ingest, stream
}

/// A listening socket, bound and not yet accepting more than its gate allows.
struct Listener: Sendable {
    let kind: ListenerKind
    let channel: any Channel
    /// The Unix socket that this process made, and removes when it ends.
    var ownPath: String?

    /// `http 127.0.0.1:7070`, `stream /run/millrace/stream.sock`
    var name: String {
        guard let address = channel.localAddress else { return kind.rawValue }
        if let path = address.pathname, !path.isEmpty { return "\(kind.rawValue) \(path)" }
        let host = address.ipAddress ?? "?"
        return "\(kind.rawValue) \(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }

    /// No connection is taken any more; new ones wait in the backlog, where a successor finds them.
    func stopAccepting() async throws { try await channel.setOption(.autoRead, value: false).get() }
}

/// Makes listeners.
struct ListenerFactory {
    static let backlog: Int32 = 4_096
    static let socketMode: mode_t = 0o660

    let group: MultiThreadedEventLoopGroup
    let loops: [ObjectIdentifier: IngestLoop]
    let gate: AcceptGate.Count

    /// Those that were handed over; where none was, the three of the configuration.
    func all(_ handed: HandedSockets, _ options: IngestOptions) async throws -> [Listener] {
        guard !handed.sockets.isEmpty else {
            return [
                try await tcp(options.http), try await unix(options.unixSocket, .ingest),
                try await unix(options.streamSocket, .stream),
            ]
        }
        var listeners: [Listener] = []
        for (kind, socket) in handed.sockets { listeners.append(try await handedOver(socket, kind)) }
        return listeners
    }

    /// `host:port`; a host in brackets is IPv6.
    func tcp(_ address: String) async throws -> Listener {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw IngestError(.badAddress, "ingest.http is no host:port: \(address)") }
        let host = String(address[..<colon]).trimmingBrackets
        do {
            let channel = try await bootstrap(.http)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port).get()
            return Listener(kind: .http, channel: channel)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw IngestError(
                .addressInUse,
                "the port of ingest.http (\(address)) is taken; stop its user (ss -ltnp shows it), or choose another")
        } catch let error as IOError where error.errnoCode == EACCES {
            throw IngestError(.noPermission, "this user may not listen on \(address); choose a port above 1023")
        } catch {
            throw IngestError(.badAddress, "cannot listen on ingest.http (\(address)): \(error)")
        }
    }

    /// Replaces the socket of a dead process, and refuses to take that of a live one.
    func unix(_ path: String, _ kind: ListenerKind) async throws -> Listener {
        let setting = kind == .stream ? "ingest.stream" : "ingest.unix"
        switch Self.state(of: path) {
        case .absent: break
        case .dead: unlink(path)
        case .live:
            throw IngestError(
                .addressInUse, "another process listens on \(setting) (\(path)); stop it, or choose another path")
        case .noSocket:
            throw IngestError(.cannotCreate, "\(setting) (\(path)) is there and is no socket; move it away")
        }
        do {
            let channel = try await bootstrap(kind).bind(unixDomainSocketPath: path).get()
            // Not by umask, which is the whole process's: other threads make files meanwhile.
            guard chmod(path, Self.socketMode) == 0 else {
                throw IngestError(.noPermission, "this user cannot set the mode of the socket \(path) (\(setting))")
            }
            return Listener(kind: kind, channel: channel, ownPath: path)
        } catch let error as IngestError {
            throw error
        } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EROFS {
            throw IngestError(.noPermission, "this user cannot make the socket \(path); let it write that directory")
        } catch let error as IOError where error.errnoCode == ENOENT {
            throw IngestError(.cannotCreate, "there is no directory for the socket \(path) (\(setting)); make it")
        } catch {
            throw IngestError(.cannotCreate, "cannot make the socket \(path) (\(setting)): \(error)")
        }
    }

    /// A socket that the service manager made, and keeps.
    func handedOver(_ socket: ListenSocket, _ kind: ListenerKind) async throws -> Listener {
        var bootstrap = bootstrap(kind)
        if socket.family == .internet {
            bootstrap = bootstrap.childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
        }
        do {
            return Listener(kind: kind, channel: try await bootstrap.withBoundSocket(socket.descriptor).get())
        } catch {
            throw IngestError(.badSocket, "cannot listen on the socket handed over as \(socket.name): \(error)")
        }
    }

    private func bootstrap(_ kind: ListenerKind) -> ServerBootstrap {
        let (loops, gate) = (loops, gate)
        return ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: Self.backlog)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                ChannelOptions.recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 16 << 10, maximum: 256 << 10)
            )
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(gate))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else {
                        throw IngestError(.inputOutput, "a connection came on an event loop that is not ours")
                    }
                    gate.opened(channel)
                    let handler: any ChannelHandler =
                        switch kind {
                        case .http: HTTPConnection(loop: loop, peer: try Self.address(of: channel))
                        case .ingest: HTTPConnection(loop: loop, peer: .proxy)
                        case .stream: StreamConnection(loop: loop)
                        }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
    }

    /// Who has connected. One that was reset before it was accepted has no address any more, though its bytes may be
    /// there: the error ends it, for nobody knows whose they are.
    private static func address(of channel: any Channel) throws -> Peer {
        guard let address = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) else {
            throw IngestError(.inputOutput, "a connection was reset before it was accepted")
        }
        return .address(address)
    }

    private enum SocketState { case absent, dead, live, noSocket }

    private static func state(of path: String) -> SocketState {
        var status = stat()
        guard lstat(path, &status) == 0 else { return .absent }
        guard status.st_mode & S_IFMT == S_IFSOCK else { return .noSocket }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .dead }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = [UInt8](path.utf8)
        guard text.count < MemoryLayout.size(ofValue: address.sun_path) else { return .absent }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 || errno == EAGAIN ? .live : .dead
    }
}

extension String {
    /// Without the brackets of an IPv6 host.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
