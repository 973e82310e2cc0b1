import ControlStore
import EventModel

extension DeadLetter {
    /// A funnel step that cannot be kept.
    init(_ step: Event.FunnelStep, of origin: PartOrigin, componentID: String?, reason: String) {
        self.init(.funnelStep, of: origin, reason: reason) { json in
            json.object("funnel") { json in
                json.member("name", step.name)
                json.member("step", step.step)
                json.member("order", step.order)
            }
            json.member("component_id", componentID)
        }
    }

    /// The same of a row that the database refused.
    init(_ entry: FunnelSteps.Entry, reason: String) {
        let step = Event.FunnelStep(name: entry.record.funnel, step: entry.record.step, order: entry.record.order)
        self.init(step, of: entry.origin, componentID: entry.record.componentID, reason: reason)
    }

    /// A variant that cannot be kept.
    init(_ variant: Event.Variant, of origin: PartOrigin, reason: String) {
        self.init(.variant, of: origin, reason: reason) { json in
            json.object("variant") { json in
                json.member("test_id", variant.testID)
                json.member("variant", variant.variant)
            }
        }
    }

    /// The same of what a batch's events said together.
    init(_ choice: VariantChoice, reason: String) {
        self.init(
            Event.Variant(testID: choice.testID, variant: choice.variant), of: choice.origin, reason: reason)
    }
}
