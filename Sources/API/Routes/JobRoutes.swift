import ControlStore
import EventModel
import Hummingbird
import JobQueue

/// `GET /api/jobs/{id}`: how far a job is, for whoever asked for it.
struct JobRoutes {
    let services: APIServices

    func add(to router: Router<APIContext>) {
        router.resource("/api/jobs/:id", [.get: { [services] in try await Self.answer($0, $1, services) }])
    }

    private static func answer(
        _ request: Request, _ context: APIContext, _ services: APIServices
    ) async throws -> Response {
        let caller = try await services.gate.caller(request, context)
        let id = JobID(rawValue: context.parameters.get("id") ?? "")
        let queue = JobQueue(store: services.store, configuration: JobQueueConfiguration())
        let job: Job?
        do {
            job = try await services.threads.run { try queue.job(id) }
        } catch let error as StoreError {
            throw Unavailable(underlying: error)
        }
        guard let job, mayRead(caller, job) else {
            throw Problem(.notFound, "there is no such job among those that you may see")
        }
        return .json(#"{"data":\#(try job.json()),"meta":{}}"#, headers: [.cacheControl: "no-store"])
    }

    /// A key sees the jobs of its project; those of no project are the operators'.
    private static func mayRead(_ caller: Caller, _ job: Job) -> Bool {
        switch caller {
        case .administrator: true
        case .project(let id): job.projectID == id
        }
    }
}

extension Job {
    /// The job's columns by name. `payload`, `errors` and `result` are JSON themselves and stand as such.
    func json() throws -> String {
        let texts: [(String, String?)] = [
            ("id", id.rawValue), ("kind", kind.rawValue), ("project_id", projectID?.rawValue), ("slot", slot),
            ("state", state.rawValue), ("queued_at", queuedAt.description), ("run_at", runAt.description),
            ("lease_owner", leaseOwner), ("leased_until", leasedUntil?.description),
            ("heartbeat_at", heartbeatAt?.description), ("started_at", startedAt?.description),
            ("finished_at", finishedAt?.description), ("message", message), ("run_id", runID),
            ("asked_by", askedBy.rawValue), ("after", after?.rawValue),
        ]
        let members = try texts.map { name, text in #""\#(name)":\#(try JSONText.encode(text))"# }
        return """
            {\(members.joined(separator: ",")),"priority":\(priority),"attempt":\(attempt),\
            "max_attempts":\(maxAttempts),"progress":\(try JSONText.encode(progress)),"payload":\(payload),\
            "errors":\(try JSONText.encode(errors)),"result":\(result ?? "null")}
            """
    }
}
