import EventModel
import Settings

/// What the loader needs to know, with every bound of its work.
package struct LoaderConfiguration: Sendable {
    package var dataDirectory: String
    package var logDirectory: String
    package var statusDirectory: String
    /// A batch ends at this many events, or bytes of records, whichever comes first.
    package var maxBatchEvents = 150_000
    package var maxBatchBytes = 64 << 20
    /// At the log's end what there is gets loaded, but not sooner than this after the last batch.
    package var batchInterval: Duration = .seconds(1)
    package var sessionTimeout: Duration = .seconds(1_800)
    /// The longest session the loader makes for a visitor.
    package var maxSession: Duration = .seconds(86_400)
    /// Sessions that time out in one transaction, and the pause between two looks at them.
    package var maxTimeouts = 1_000
    package var sweepInterval: Duration = .seconds(10)
    /// Ids are remembered so long after their event's receipt, and for as much longer as an event's time may lie
    /// ahead of that: a later copy is known by its age.
    package var rememberedIDs: Duration = .seconds(48 * 3_600)
    package var rememberedMargin: Duration = .seconds(600)
    /// A project's event names of one day, beside the twelve of behaviour, which nobody can crowd out; what comes
    /// beyond is `(other)`.
    package var maxEventNames = 2_000 - EventNames.reserved.count
    package var keepLoaded: Duration = .seconds(3_600)
    package var minFreeBytes = 512 << 20
    /// Names of events are forgotten after so many days.
    package var eventsDays = 90
    /// The longest time a query may take; a replaced file stays for twice as long.
    package var longestQuery: Duration = .seconds(600)
    /// Current files that a project's day may have, and of similar size before they are merged.
    package var maxDayFiles = 64
    package var mergeFiles = 8
    /// SQLite's WAL is moved into the database when it has grown so large.
    package var checkpointBytes = 16 << 20

    package init(dataDirectory: String, statusDirectory: String) {
        self.dataDirectory = dataDirectory
        self.statusDirectory = statusDirectory
        logDirectory = dataDirectory + "/log"
    }

    package init(_ configuration: Configuration) {
        self.init(dataDirectory: configuration.dataDirectory, statusDirectory: configuration.statusDirectory)
        logDirectory = configuration.logDirectory
        sessionTimeout = .seconds(configuration.sessions.timeoutMinutes * 60)
        keepLoaded = .seconds(configuration.log.keepLoadedMinutes * 60)
        minFreeBytes = configuration.log.minFreeMiB << 20
        eventsDays = configuration.retention.eventsDays
    }

    var lockFile: String { dataDirectory + "/load.lock" }
    var controlDatabase: String { dataDirectory + "/control.sqlite" }
    var eventsDirectory: String { dataDirectory + "/events" }
    /// Where the loader's DuckDB puts what does not fit into memory; nobody else's.
    var spillDirectory: String { dataDirectory + "/spill" }
}
