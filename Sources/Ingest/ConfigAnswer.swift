import EventModel

/// What a project's pages need to know, as `/api/v1/config` answers it: made when a snapshot is read.
enum PageConfiguration {
    /// Running tests, thresholds and sampling as JSON. The content is the same for all keys of the project.
    static func content(of project: ProjectSnapshot.Project) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.array("tests") { json in for test in project.tests { write(test, to: &json) } }
            project.browser.write("friction", without: .sampleRate, to: &json)
            json.member("sampling", project.browser[.sampleRate])
        }
        return json.bytes
    }

    /// As it is served. Caches tell askers apart by the origin, whose pages alone may read it.
    static func served(_ bytes: [UInt8]) -> ServedContent {
        ServedContent(
            bytes, type: "application/json",
            headers: ["Cache-Control: public, max-age=300", "X-Content-Type-Options: nosniff"])
    }

    private static func write(_ test: ProjectSnapshot.Test, to json: inout JSONWriter) {
        json.object { json in
            json.member("test_id", test.testID)
            json.member("state", test.state.rawValue)
            json.object("shares") { json in
                json.member("A", test.shareOfA)
                json.member("B", ((1 - test.shareOfA) * 1e6).rounded() / 1e6)
            }
            json.member("component_id", test.componentID)
            json.member("target_conversion", test.targetConversion)
            json.member("start_date", test.startDate)
            json.member("end_date", test.endDate)
            json.object("variants") { json in
                json.member("A", json: test.variantA)
                json.member("B", json: test.variantB)
            }
        }
    }
}

extension HTTPConnection {
    /// `/api/v1/config?k=`. The key stands in the URL alone: that is what caches know an answer by.
    func pageConfiguration(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer {
        var answer: Answer
        do throws(Refusal) {
            answer = serve(try admittedPage(head, bytes), head, bytes)
        } catch {
            answer = .problem(error.reason == .wrongOrigin ? 403 : 401, error)
            // Asking for it brings no events.
            answer.verdict = nil
        }
        answer = shaped(answer, head, bytes)
        answer.variesByOrigin = true
        return answer
    }

    private func admittedPage(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer
    ) throws(Refusal) -> ServedContent {
        guard let key = keyInQuery(head, bytes), !key.isEmpty else {
            throw Refusal(.noKey, "the request has no key; send it as ?k=")
        }
        guard let entry = entry(forKey: bytes.part(key)) else {
            throw Refusal(.unknownKey, "the key is unknown or was revoked")
        }
        if let origin = head.origin, !entry.origins.allows(bytes.part(origin)) {
            throw Refusal(.wrongOrigin, "this key may not be used from pages of this origin")
        }
        return entry.page
    }
}
