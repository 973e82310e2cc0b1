import Foundation
import Testing

@testable import EventModel

@Suite struct BrowserSettingsTests {
    @Test func `what is not set is as the rules of friction have it`() {
        let settings = BrowserSettings()
        #expect(settings.isStandard && settings.fault == nil)
        #expect(settings[.rageClicks] == 3 && settings[.rageClickRadius] == 30 && settings[.rageClickInterval] == 1_000)
        #expect(settings[.rageClicksAnswered] == 5 && settings[.deadClick] == 2_500 && settings[.hesitation] == 3_000)
        #expect(settings[.formIdle] == 30 && settings[.elementVisible] == 50 && settings[.elementTime] == 1_000)
        #expect(BrowserSettings.standardScrollDepths == [25, 50, 75, 90, 100] && settings[.sampleRate] == 1)
    }

    @Test func `JSON holds only what is set, and a reader passes over what he does not know`() throws {
        var settings = BrowserSettings()
        settings[set: .hesitation] = 5_000
        settings.scrollDepths = [50, 100]
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(settings)) as? NSDictionary
        #expect(json == ["hesitation_ms": 5_000, "scroll_depth_percents": [50, 100]])
        let later = #"{"hesitation_ms": 5000, "scroll_depth_percents": [50, 100], "of_a_later_version": {"a": 1}}"#
        #expect(try JSONDecoder().decode(BrowserSettings.self, from: Data(later.utf8)) == settings)
    }

    @Test(arguments: BrowserSettings.Number.allCases)
    func `a number keeps to its bounds, and its default does`(number: BrowserSettings.Number) {
        func fault(_ value: Double) -> String? {
            var settings = BrowserSettings()
            // The two numbers of clicks are bound to each other.
            settings[set: .rageClicksAnswered] = 50
            settings[set: .rageClicks] = 2
            settings[set: number] = value
            return settings.fault
        }
        #expect(number.allows(number.standard))
        #expect(fault(number.bounds.lowerBound) == nil && fault(number.bounds.upperBound) == nil)
        #expect(fault(number.bounds.lowerBound - 0.5)?.contains(number.rawValue) == true)
        #expect(fault(number.bounds.upperBound + 1)?.contains(number.rawValue) == true)
        #expect(fault(.nan) != nil)
        #expect((fault(number.bounds.lowerBound + 0.5) == nil) == (number == .sampleRate))
    }

    @Test func `clicks that the page answers are no sooner a rage click than those it does not`() {
        var settings = BrowserSettings()
        settings[set: .rageClicks] = 6
        #expect(settings.fault?.contains("rage_clicks_answered") == true)
        settings[set: .rageClicksAnswered] = 6
        #expect(settings.fault == nil)
    }

    @Test(arguments: [[], [0], [101], [50, 50], [75, 25], Array(1...21)])
    func `depths that are no ascending percents are refused`(depths: [Int]) {
        var settings = BrowserSettings()
        settings.scrollDepths = depths
        #expect(settings.fault?.contains("scroll_depth_percents") == true)
    }
}
