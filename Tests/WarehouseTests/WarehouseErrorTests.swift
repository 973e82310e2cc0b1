import EventModel
import Testing

@testable import Warehouse

@Suite struct WarehouseErrorTests {
    /// As DuckDB 1.5 says it, with its number for errors of input and output.
    private func error(_ message: String) -> WarehouseError {
        WarehouseError(duckdbType: 28, message: message, attempted: "write /data/a.parquet")
    }

    @Test func `a directory that may not be written is no disk that failed, and waiting won't mend it`() {
        let denied = error(#"IO Error: Cannot open file "/data/a.parquet": Permission denied"#)
        #expect(denied.code == .refused && denied.exitCode == .noPermission)
        #expect(denied.description.hasSuffix("Permission denied; check who owns it, and its mode"))
    }

    @Test func `a full disk is said with what to do`() {
        let full = error(#"IO Error: Could not write file "/data/a.parquet": No space left on device"#)
        #expect(full.code == .inputOutput && full.exitCode == .inputOutput)
        #expect(full.description.hasSuffix("No space left on device; free some space and try again"))
    }
}
