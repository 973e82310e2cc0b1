import Testing

@testable import EventModel

@Suite struct JSONWriterTests {
    @Test func `commas, escapes and numbers are those of JSON`() {
        var json = JSONWriter()
        json.object { json in
            json.member("text", "a\"\\\n\u{1}ü")
            json.member("none", nil as String?)
            json.member("whole", 2.0)
            json.member("small", 2.5e-7)
            json.member("endless", Double.infinity)
            json.array("list") { json in
                json.element("a")
                json.object { $0.member("yes", true) }
            }
        }
        #expect(
            json.text == #"{"text":"a\"\\\n\u0001ü","none":null,"whole":2,"small":2.5e-07,"endless":null,"#
                + #""list":["a",{"yes":true}]}"#)
    }

    @Test func `a value of several lines becomes one line of NDJSON`() {
        var json = JSONWriter()
        json.object { json in
            json.member("value", json: "{\n  \"a\": \"\\n\"\r\n}")
            json.array("list") { $0.element(json: "[\n1]") }
        }
        json.endLine()
        #expect(json.text == "{\"value\":{   \"a\": \"\\n\"  },\"list\":[[ 1]]}\n")
    }
}
