import GRDB

/// The SQL of what the loader writes, one text a file of `SQL/Loading`.
enum LoadingSQL {
    static let sessionFind = text(PackageResources.user_sessions_Find_sql)
    static let sessionsOfVisitor = text(PackageResources.user_sessions_FindOfVisitor_sql)
    static let sessionInsert = text(PackageResources.user_sessions_Insert_sql)
    static let sessionUpdate = text(PackageResources.user_sessions_Update_sql)
    static let sessionsOverdue = text(PackageResources.user_sessions_Overdue_sql)
    static let sessionsTimeOut = text(PackageResources.user_sessions_TimeOut_sql)
    static let stepsTimeOut = text(PackageResources.conversion_funnels_TimeOut_sql)
    static let stepsOfSession = text(PackageResources.conversion_funnels_OfSession_sql)
    static let stepUpsert = text(PackageResources.conversion_funnels_Upsert_sql)
    static let assignmentInsert = text(PackageResources.variant_assignments_Insert_sql)
    static let assignmentFind = text(PackageResources.variant_assignments_Find_sql)
    static let assignmentUpdate = text(PackageResources.variant_assignments_Update_sql)
    static let fileInsert = text(PackageResources.event_files_Insert_sql)
    static let filesCurrent = text(PackageResources.event_files_Current_sql)
    static let filesReceivedSince = text(PackageResources.event_files_ReceivedSince_sql)
    static let filesReplaced = text(PackageResources.event_files_Replaced_sql)
    static let crowdedDays = text(PackageResources.event_files_CrowdedDays_sql)
    static let counterAdd = text(PackageResources.load_counters_Add_sql)
    static let deadLetterInsert = text(PackageResources.dead_letters_Insert_sql)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension StoreTransaction {
    /// Runs a statement that is kept prepared, and says how many rows it changed.
    @discardableResult
    func change(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
        return database.changesCount
    }

    /// The rows of a statement that is kept prepared.
    func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }
}
