import EventModel
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import TestKit
import Testing

@testable import API

@Suite struct FunnelMetricsRoutesTests {
    private struct Answer: Decodable {
        struct Content: Decodable {
            let live: Record?
            let advice: Advice?
            let history: [Record]
        }
        struct Record: Decodable {
            let date: String
            let lastUpdated: String?
        }
        struct Advice: Decodable { let data: String }
        struct Meta: Decodable {
            let project_id: String
            let stale: Bool
            let as_of: String?
            let total: Int
        }
        let data: Content
        let meta: Meta
    }

    private func decode(_ response: TestResponse) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(buffer: response.body))
    }

    private let live = #"{"date":"2025-11-21","summary":{"totalRevenue":0.1},"lastUpdated":"2025-11-21T12:00:00Z"}"#

    @Test func `a secret key reads the records of its own project`() async throws {
        try await RunningAPI.with { api in
            let first = try makeProject(api.store)
            let second = try makeProject(api.store)
            try api.put("funnel:\(second):live", live)
            try api.put("funnel:\(first):live", #"{"date":"1999-01-01"}"#)
            try api.put("funnel:\(second):summary:2025-11-20", #"{"date":"2025-11-20"}"#)
            try api.put("funnel:\(second):summary:2025-11-19", #"{"date":"2025-11-19"}"#)
            try api.put("funnel:\(second):ai_advice:latest", #"{"timestamp":"t","data":"{}","processed":true}"#)
            let key = try api.key(of: second, .secret)
            for headers: HTTPFields in [[.apiKey: key], [.authorization: "Bearer \(key)"]] {
                let response = try await api.get("/api/funnel-metrics", headers)
                #expect(response.status == .ok)
                #expect(response.headers[.contentType] == "application/json")
                #expect(response.text.contains("\"live\":\(live)"))
                let answer = try decode(response)
                #expect(answer.data.history.map(\.date) == ["2025-11-19", "2025-11-20"])
                #expect(answer.data.advice?.data == "{}")
                #expect(answer.meta.project_id == second.rawValue)
                #expect(!answer.meta.stale)
                #expect(answer.meta.as_of == "2025-11-21T12:00:00Z")
                #expect(answer.meta.total == 2)
            }
        }
    }

    @Test func `with the live record expired the newest day stands in and says so`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            try api.put("funnel:\(project):live", live, livesFor: .seconds(3_600))
            try api.put("funnel:\(project):daily:2025-11-19", #"{"date":"2025-11-19","lastUpdated":"a"}"#)
            try api.put("funnel:\(project):daily:2025-11-20", #"{"date":"2025-11-20","lastUpdated":"b"}"#)
            let headers: HTTPFields = [.apiKey: try api.key(of: project, .secret)]
            #expect(try decode(await api.get("/api/funnel-metrics", headers)).meta.stale == false)
            api.clock.advance(by: .seconds(3_600))
            let answer = try decode(await api.get("/api/funnel-metrics", headers))
            #expect(answer.data.live?.date == "2025-11-20")
            #expect(answer.meta.stale)
            #expect(answer.meta.as_of == "b")
        }
    }

    @Test func `a project without records is answered with null and an empty history`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            let answer = try decode(
                await api.get("/api/funnel-metrics", [.apiKey: try api.key(of: project, .secret)]))
            #expect(answer.data.live == nil && answer.data.advice == nil && answer.data.history.isEmpty)
            #expect(!answer.meta.stale && answer.meta.as_of == nil)
        }
    }

    @Test func `a client that has the answer already gets a 304 until it changes`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            try api.put("funnel:\(project):live", live)
            var headers: HTTPFields = [.apiKey: try api.key(of: project, .secret)]
            let first = try await api.get("/api/funnel-metrics", headers)
            let tag = try #require(first.headers[.eTag])
            headers[.ifNoneMatch] = "\"other\", W/\(tag)"
            let second = try await api.get("/api/funnel-metrics", headers)
            #expect(second.status == .notModified)
            #expect(second.body.readableBytes == 0)
            try api.put("funnel:\(project):live", #"{"date":"2025-11-22"}"#)
            let third = try await api.get("/api/funnel-metrics", headers)
            #expect(third.status == .ok)
            #expect(third.headers[.eTag] != tag)
        }
    }

    @Test func `without, with a wrong, a revoked and a public key nothing is read`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            let missing = try await api.get("/api/funnel-metrics")
            #expect(missing.status == .unauthorized)
            #expect(missing.headers[values: .wwwAuthenticate].count == 2)
            #expect(missing.problem?.status == 401)
            let wrong = try await api.get(
                "/api/funnel-metrics", [.apiKey: "sk_live_" + String(repeating: "0", count: 32)])
            #expect(wrong.status == .unauthorized)
            let unreadable = try await api.get("/api/funnel-metrics", [.authorization: "Digest x"])
            #expect(unreadable.status == .unauthorized)
            let publicKey = try api.key(of: project, .public)
            let refused = try await api.get("/api/funnel-metrics", [.apiKey: publicKey])
            #expect(refused.status == .forbidden)
            #expect(refused.headers[.contentType] == "application/problem+json")

            let (row, secret) = try api.store.write { try $0.createKey(project: project, kind: .secret) }
            #expect(try await api.get("/api/funnel-metrics", [.apiKey: secret]).status == .ok)
            try api.store.write { try $0.revokeKey(id: row.keyID) }
            #expect(try await api.get("/api/funnel-metrics", [.apiKey: secret]).status == .unauthorized)
        }
    }

    @Test func `another project than the key's is not found`() async throws {
        try await RunningAPI.with { api in
            let own = try makeProject(api.store)
            let other = try makeProject(api.store)
            let headers: HTTPFields = [.apiKey: try api.key(of: own, .secret)]
            #expect(try await api.get("/api/funnel-metrics?project_id=\(other)", headers).status == .notFound)
            #expect(try await api.get("/api/funnel-metrics?project_id=\(own)", headers).status == .ok)
        }
    }

    @Test func `an administrator chooses a project, and gets the default one without a choice`() async throws {
        try await RunningAPI.with { api in
            #expect(try await api.get("/api/funnel-metrics", RunningAPI.basic()).status == .notFound)
            let oldest = try makeProject(api.store)
            api.clock.advance(by: .seconds(1))
            let other = try makeProject(api.store)
            try api.put("funnel:live", live)
            let byDefault = try decode(await api.get("/api/funnel-metrics", RunningAPI.basic()))
            #expect(byDefault.meta.project_id == oldest.rawValue)
            #expect(byDefault.data.live?.date == "2025-11-21")
            let chosen = try decode(await api.get("/api/funnel-metrics?project_id=\(other)", RunningAPI.basic()))
            #expect(chosen.meta.project_id == other.rawValue)
            #expect(chosen.data.live == nil)
            #expect(try await api.get("/api/funnel-metrics?project_id=nobody", RunningAPI.basic()).status == .notFound)
        }
    }
}
