import EventModel

/// What the aggregation asks of one project's events: a span of time, and what counts as a conversion in it.
package struct WindowQuestion: Sendable {
    /// Included.
    package var start: Timestamp
    /// Not included.
    package var end: Timestamp
    package var conversionEvent: String
    /// Three upper-case letters: revenue in another currency is left out. An event that names none is in this one.
    package var currency: String

    package init(start: Timestamp, end: Timestamp, conversionEvent: String, currency: String) {
        self.start = start
        self.end = end
        self.conversionEvent = conversionEvent
        self.currency = currency
    }

    fileprivate var span: [String: Value] { ["start": .timestamp(start), "end": .timestamp(end)] }

    fileprivate var conversion: [String: Value] {
        span.merging(["conversion_event": .text(conversionEvent)]) { $1 }
    }
}

/// Counts over the events of a window; known crawlers are out of all of them.
package struct WindowCounts: Sendable, Equatable {
    /// Distinct visitors: by user, by session where there is no user; an event with neither has no visitor.
    package var visitors = 0
    /// Distinct visitors with a conversion event.
    package var conversions = 0
    package var rageClicks = 0
    /// Clicks on elements marked `cta` in `event_data`, or whose component is named.
    package var ctaClicks = 0
    /// Forms begun, sent and given up.
    package var formInteractions = 0

    package init() {}
}

/// An amount of money, exact: `unscaled` ten-thousandths of the currency's unit.
package struct Money: Sendable, Equatable {
    package var unscaled: Int128

    package init(unscaled: Int128 = 0) { self.unscaled = unscaled }

    package static func + (left: Money, right: Money) -> Money { Money(unscaled: left.unscaled + right.unscaled) }

    init?(_ value: Value) {
        guard case .decimal(let unscaled, scale: 4) = value else { return nil }
        self.unscaled = unscaled
    }
}

/// The revenue of a window's conversion events, each order once.
package struct WindowRevenue: Sendable, Equatable {
    package var total = Money()
    /// Conversion events, each order once, that were left out because their revenue is in another currency.
    package var otherCurrencies = 0

    package init() {}
}

/// Sums over the sessions that began in a window.
package struct WindowSessions: Sendable, Equatable {
    package var sessions = 0
    /// Whole seconds from each session's first to its last event, summed.
    package var seconds = 0
    /// Sessions with one page view at most and no interaction.
    package var bounces = 0
    /// Sessions that sent a depth of scrolling.
    package var scrolled = 0
    /// The deepest point of each of these, summed; 1,000,000 is a whole page.
    package var depthMillionths = 0

    package init() {}
}

/// One event by which a visitor converted.
package struct Conversion: Sendable, Equatable {
    package let visitor: String
    package let time: Timestamp
    /// Nil where the event has none, has one in another currency, or repeats an order.
    package let revenue: Money?

    package init(visitor: String, time: Timestamp, revenue: Money?) {
        self.visitor = visitor
        self.time = time
        self.revenue = revenue
    }
}

extension EventWarehouse {
    /// Counts over the events of `files` in the window. `ctaComponents` are ids of components whose clicks count as
    /// call-to-action though nothing in the event says so.
    package func counts(
        _ question: WindowQuestion, ctaComponents: [String], files: [String]
    ) throws(WarehouseError) -> WindowCounts {
        var answer = WindowCounts()
        guard !files.isEmpty else { return answer }
        let components = Value.list(ctaComponents.map(Value.text)).json
        let parameters = question.conversion.merging(["cta_components": .text(components)]) { $1 }
        let row = try numbers(PackageResources.aggregation_Counts_sql, parameters, files, count: 5)
        answer.visitors = row[0]
        answer.conversions = row[1]
        answer.rageClicks = row[2]
        answer.ctaClicks = row[3]
        answer.formInteractions = row[4]
        return answer
    }

    /// The revenue of the window's conversion events.
    package func revenue(_ question: WindowQuestion, files: [String]) throws(WarehouseError) -> WindowRevenue {
        var answer = WindowRevenue()
        guard !files.isEmpty else { return answer }
        let parameters = question.conversion.merging(["currency": .text(question.currency)]) { $1 }
        let sql = String(decoding: PackageResources.aggregation_Revenue_sql, as: UTF8.self)
        let result = try query(sql, parameters: parameters, files: files)
        guard let row = result.rows.first, row.count == 2, let total = Money(row[0]), let others = row[1].integer
        else { throw unexpected("revenue") }
        answer.total = total
        answer.otherCurrencies = Int(others)
        return answer
    }

    /// Sums over the sessions that began in the window. `files` must also hold the day before it and the day after,
    /// so that a session is seen with its beginning and its end.
    package func sessions(_ question: WindowQuestion, files: [String]) throws(WarehouseError) -> WindowSessions {
        var answer = WindowSessions()
        guard !files.isEmpty else { return answer }
        let row = try numbers(PackageResources.aggregation_Sessions_sql, question.span, files, count: 5)
        answer.sessions = row[0]
        answer.seconds = row[1]
        answer.bounces = row[2]
        answer.scrolled = row[3]
        answer.depthMillionths = row[4]
        return answer
    }

    /// All conversion events of the window that have a visitor, in order of time.
    package func conversions(_ question: WindowQuestion, files: [String]) throws(WarehouseError) -> [Conversion] {
        guard !files.isEmpty else { return [] }
        let parameters = question.conversion.merging(["currency": .text(question.currency)]) { $1 }
        let sql = String(decoding: PackageResources.aggregation_Conversions_sql, as: UTF8.self)
        var conversions: [Conversion] = []
        for row in try query(sql, parameters: parameters, files: files).rows {
            guard row.count == 3, let visitor = row[0].text, let time = row[1].timestamp else {
                throw unexpected("conversions")
            }
            conversions.append(Conversion(visitor: visitor, time: time, revenue: Money(row[2])))
        }
        return conversions
    }

    /// The only row of an answer whose columns are all whole numbers.
    private func numbers(
        _ sql: [UInt8], _ parameters: [String: Value], _ files: [String], count: Int
    ) throws(WarehouseError) -> [Int] {
        let result = try query(String(decoding: sql, as: UTF8.self), parameters: parameters, files: files)
        let row = result.rows.first?.compactMap { $0.integer.map(Int.init) } ?? []
        guard row.count == count else { throw unexpected("counts") }
        return row
    }

    private func unexpected(_ what: String) -> WarehouseError {
        WarehouseError(.engine, "read the window's \(what)", "the answer does not have the columns that were asked for")
    }
}
