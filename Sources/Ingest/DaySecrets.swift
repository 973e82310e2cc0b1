import Crypto
import EventModel
import Glibc
import Synchronization

/// The random secret of each UTC day, with which addresses and visitors are hashed, so that nobody can be followed
/// from one day to the next. It lies in `<runtime_dir>/secret/`, survives a restart within its day, and is destroyed
/// when the day ends.
final class DaySecrets: Sendable {
    struct Secret: Sendable, Equatable {
        let day: Day
        let bytes: [UInt8]

        /// 128 bits of HMAC-SHA256 as 32 hexadecimal digits. `purpose` keeps hashes of different things apart.
        func hash(_ purpose: String, _ parts: [[UInt8]]) -> [UInt8] {
            var code = HMAC<SHA256>(key: SymmetricKey(data: bytes))
            code.update(data: [UInt8](purpose.utf8))
            for part in parts {
                withUnsafeBytes(of: UInt32(truncatingIfNeeded: part.count).littleEndian) { code.update(data: $0) }
                code.update(data: part)
            }
            return [UInt8](hexText(code.finalize().prefix(16)).utf8)
        }
    }

    static let size = 32

    private let directory: String
    private let held: Mutex<Held>

    private struct Held {
        /// Of the latest day that was asked for.
        var current: Secret?
        /// Of an earlier day, asked for afterwards: by who read the clock before midnight, or as the clock went back.
        /// In memory alone, so that it does not take the later one away.
        var late: Secret?
    }

    init(directory: String) throws(IngestError) {
        self.directory = directory
        held = Mutex(Held())
        if mkdir(directory, 0o700) != 0 && errno != EEXIST {
            let number = errno
            throw IngestError(
                number == EACCES || number == EROFS || number == EPERM ? .noPermission : .cannotCreate,
                "cannot make the directory \(directory) for the day's secret: \(String(cString: strerror(number)));"
                    + " let this user write runtime_dir")
        }
        guard chmod(directory, 0o700) == 0 else {
            throw IngestError(.noPermission, "\(directory) is not this user's; the day's secret has to be its own")
        }
    }

    /// The day's secret, made where there is none; those of earlier days are destroyed.
    func secret(for day: Day) -> Secret {
        held.withLock { held in
            if let current = held.current, day <= current.day {
                return day == current.day ? current : Self.late(day, &held)
            }
            let secret = Secret(day: day, bytes: stored(day) ?? made(day))
            held = Held(current: secret)
            destroyAll(but: day)
            return secret
        }
    }

    private static func late(_ day: Day, _ held: inout Held) -> Secret {
        if let late = held.late, late.day == day { return late }
        let late = Secret(day: day, bytes: random())
        held.late = late
        return late
    }

    private static func random() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private func path(_ day: Day) -> String { "\(directory)/\(day)" }

    private func stored(_ day: Day) -> [UInt8]? {
        let file = open(path(day), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.size)
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, Self.size) }
        return count == Self.size ? bytes : nil
    }

    /// A new secret; where the disk refuses the file it holds in memory until the daemon ends.
    private func made(_ day: Day) -> [UInt8] {
        let bytes = Self.random()
        let temporary = path(day) + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return bytes }
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, Self.size) }
        close(file)
        if count == Self.size { rename(temporary, path(day)) } else { unlink(temporary) }
        return bytes
    }

    private func destroyAll(but day: Day) {
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != "..", name != day.description else { continue }
            overwrite("\(directory)/\(name)")
            unlink("\(directory)/\(name)")
        }
    }

    private func overwrite(_ path: String) {
        let file = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return }
        let zeros = [UInt8](repeating: 0, count: Self.size)
        _ = zeros.withUnsafeBytes { write(file, $0.baseAddress, Self.size) }
        close(file)
    }
}
