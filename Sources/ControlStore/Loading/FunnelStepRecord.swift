import EventModel
import GRDB

/// One row of `conversion_funnels`: a session's earliest entry into a step.
package struct FunnelStepRecord: Sendable, Equatable {
    package var funnel: String
    package var step: String
    package var order: Int64
    package var enteredAt: Timestamp
    /// When the session entered its next step of this funnel.
    package var exitedAt: Timestamp?
    /// The session's exit reason, where it ended without a next step.
    package var dropoffReason: String?
    package var componentID: String?

    package init(funnel: String, step: String, order: Int64, enteredAt: Timestamp, componentID: String?) {
        self.funnel = funnel
        self.step = step
        self.order = order
        self.enteredAt = enteredAt
        self.componentID = componentID
    }
}

extension StoreTransaction {
    /// All steps that a session entered, by funnel and order.
    package func funnelSteps(ofSession sessionID: String, of project: ProjectID) throws -> [FunnelStepRecord] {
        try rows(LoadingSQL.stepsOfSession, ["project_id": project.rawValue, "session_id": sessionID]).map { row in
            var step = FunnelStepRecord(
                funnel: row[0], step: row[1], order: row[2], enteredAt: try row.timestamp("entered_at"),
                componentID: row[6])
            step.exitedAt = try row.optionalTimestamp("exited_at")
            step.dropoffReason = row[5]
            return step
        }
    }

    /// Writes a step of a session as it stands now.
    package func putFunnelStep(_ step: FunnelStepRecord, session: String, of project: ProjectID) throws {
        let duration = step.exitedAt.map { ($0.milliseconds - step.enteredAt.milliseconds) / 1_000 }
        try change(
            LoadingSQL.stepUpsert,
            [
                "id": EventID.version7(at: step.enteredAt).description, "project_id": project.rawValue,
                "funnel_name": step.funnel, "step_name": step.step, "step_order": step.order, "session_id": session,
                "entered_at": step.enteredAt.description, "exited_at": step.exitedAt?.description,
                "duration_seconds": duration, "dropoff_reason": step.dropoffReason, "component_id": step.componentID,
            ])
    }
}
