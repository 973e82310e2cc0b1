/// One accepted beacon with what the daemon added: the unit of the log, of Parquet and of every count.
package struct Event: Sendable, Equatable {
    package var id: EventID
    package var projectID: ProjectID
    /// When the daemon received it.
    package var receivedAt: Timestamp
    /// When it happened, by the browser's clock after correction.
    package var timestamp: Timestamp
    /// 1–100 characters.
    package var eventType: String
    package var userID: String?
    package var sessionID: String?
    /// `""` where the sender named none.
    package var pageURL: String
    package var referrer: String?
    package var userAgent: String?
    /// Keyed hash of the address; the address itself is never kept.
    package var ipHash: String?
    /// `mobile`, `desktop` or `tablet`.
    package var deviceType: String?
    /// Two upper-case letters.
    package var countryCode: String?
    /// A known crawler: kept, but out of analytics.
    package var isBot = false
    /// Global Privacy Control was set: the event counts in event counts only.
    package var isPrivate = false
    package var elementPath: String?
    package var elementType: String?
    package var elementText: String?
    package var componentID: String?
    package var coordinates: Coordinates?
    package var viewport: Viewport?
    /// A JSON object as text.
    package var eventData = "{}"
    /// `event_data.hesitation_ms`.
    package var hesitationMilliseconds: Int64?
    /// `event_data.percentage`, 0–100.
    package var scrollPercentage: Double?
    /// A JSON object as text: what the sender put there, and unknown members.
    package var metadata = "{}"
    /// In the order sent; values that were not strings are JSON text.
    package var properties: [Property] = []
    package var landingPage: String?
    package var screenResolution: String?
    package var language: String?
    package var exit: Exit?
    package var funnel: FunnelStep?
    package var variant: Variant?

    package struct Coordinates: Sendable, Equatable {
        package var x: Double
        package var y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// In CSS pixels.
    package struct Viewport: Sendable, Equatable {
        package var width: Double
        package var height: Double

        package init(width: Double, height: Double) {
            self.width = width
            self.height = height
        }
    }

    package struct Property: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Exit: Sendable, Equatable {
        /// The page left; nil means the event's own page.
        package var page: String?
        package var reason: Reason

        /// Why a session ended. `timeout` is also given by the loader.
        package enum Reason: String, Sendable, CaseIterable {
            case timeout, navigation, close, refresh
        }

        package init(page: String?, reason: Reason) {
            self.page = page
            self.reason = reason
        }
    }

    package struct FunnelStep: Sendable, Equatable {
        package var name: String
        package var step: String
        package var order: Int64

        package init(name: String, step: String, order: Int64) {
            self.name = name
            self.step = step
            self.order = order
        }
    }

    package struct Variant: Sendable, Equatable {
        package var testID: String
        /// `A` or `B`.
        package var variant: String

        package init(testID: String, variant: String) {
            self.testID = testID
            self.variant = variant
        }
    }

    package init(
        id: EventID, projectID: ProjectID, receivedAt: Timestamp, timestamp: Timestamp, eventType: String,
        pageURL: String = ""
    ) {
        self.id = id
        self.projectID = projectID
        self.receivedAt = receivedAt
        self.timestamp = timestamp
        self.eventType = eventType
        self.pageURL = pageURL
    }
}
