import EventModel
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import JobQueue
import TestKit
import Testing

@testable import API

@Suite struct JobRoutesTests {
    private struct Answer: Decodable {
        struct Content: Decodable {
            struct Payload: Decodable { let window: String }
            let id: String
            let kind: String
            let project_id: String?
            let state: String
            let attempt: Int
            let progress: Double
            let payload: Payload
            let errors: [String]
            let result: String?
            let finished_at: String?
        }
        let data: Content
    }

    private func enqueue(_ api: RunningAPI, _ project: ProjectID?) throws -> Job {
        let queue = JobQueue(store: api.store, configuration: JobQueueConfiguration())
        let request = JobRequest(.aggregate, project: project, payload: #"{"window":"a \"day\""}"#, askedBy: .api)
        return try #require(try queue.enqueue([request]).first).job
    }

    @Test func `a job is answered with its columns, its JSON as JSON`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            let job = try enqueue(api, project)
            let response = try await api.get("/api/jobs/\(job.id)", [.apiKey: try api.key(of: project, .secret)])
            #expect(response.status == .ok)
            let data = try JSONDecoder().decode(Answer.self, from: Data(buffer: response.body)).data
            #expect(data.id == job.id.rawValue && data.kind == "aggregate" && data.state == "available")
            #expect(data.project_id == project.rawValue)
            #expect(data.attempt == 0 && data.progress == 0 && data.errors.isEmpty && data.result == nil)
            #expect(data.payload.window == "a \"day\"")
            #expect(response.text.contains(#""finished_at":null"#))
        }
    }

    @Test func `a job of another project, of none, or that never was, is a 404 for a key`() async throws {
        try await RunningAPI.with { api in
            let own = try makeProject(api.store)
            let others = try enqueue(api, try makeProject(api.store))
            let nobodys = try enqueue(api, nil)
            let headers: HTTPFields = [.apiKey: try api.key(of: own, .secret)]
            for id in [others.id.rawValue, nobodys.id.rawValue, "job_000000000000", "%00"] {
                #expect(try await api.get("/api/jobs/\(id)", headers).status == .notFound)
            }
            for id in [others.id, nobodys.id] {
                #expect(try await api.get("/api/jobs/\(id)", RunningAPI.basic()).status == .ok)
                #expect(try await api.get("/api/jobs/\(id)").status == .unauthorized)
            }
        }
    }
}
