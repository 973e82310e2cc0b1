import EventModel
import Glibc

/// A thread that does one small thing at even distances, whatever the other threads are busy with.
final class Heartbeat: Sendable {
    private let thread: pthread_t?
    private let stopEnd: Int32

    /// Calls `beat` every `interval`, for the first time after one, until it returns false or `stop` is called.
    /// Without a thread or a pipe to be had there is no beat: the lease then runs out, which is safe.
    init(every interval: Duration, _ beat: @escaping @Sendable () -> Bool) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            thread = nil
            stopEnd = -1
            return
        }
        // A child must not hold an end open: the thread would never see the other one close.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let milliseconds = Int32(clamping: max(1, interval.wholeMilliseconds))
        let loop = Unmanaged.passRetained(Loop(stopEnd: ends[0], milliseconds: milliseconds, beat: beat))
        var started = pthread_t()
        let code = pthread_create(
            &started, nil,
            { argument in
                if let argument { Unmanaged<Loop>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, loop.toOpaque())
        if code != 0 {
            loop.release()
            close(ends[0])
        }
        thread = code == 0 ? started : nil
        stopEnd = ends[1]
    }

    /// Ends the thread, and waits for a beat that is under way. Called once.
    func stop() {
        if stopEnd >= 0 { close(stopEnd) }
        if let thread { pthread_join(thread, nil) }
    }

    private final class Loop: Sendable {
        let stopEnd: Int32
        let milliseconds: Int32
        let beat: @Sendable () -> Bool

        init(stopEnd: Int32, milliseconds: Int32, beat: @escaping @Sendable () -> Bool) {
            self.stopEnd = stopEnd
            self.milliseconds = milliseconds
            self.beat = beat
        }

        func run() {
            defer { close(stopEnd) }
            while true {
                var wait = pollfd(fd: stopEnd, events: Int16(POLLIN), revents: 0)
                let ready = poll(&wait, 1, milliseconds)
                if ready < 0 && errno == EINTR { continue }
                guard ready == 0, beat() else { return }
            }
        }
    }
}
