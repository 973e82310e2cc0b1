import EventModel

/// The columns of an event that are computed when it is written.
package struct EventColumns: Sendable, Equatable {
    package let source: TrafficSource
    package let channel: Channel
    /// `properties.revenue`, nil where that is no number.
    package let revenue: Revenue?

    package init(_ event: Event) {
        source = TrafficSource(pageURL: event.pageURL)
        channel = Channel(source, referrer: event.referrer, pageURL: event.pageURL)
        revenue = event.properties.last { $0.name == "revenue" }.flatMap { Revenue($0.value) }
    }
}
