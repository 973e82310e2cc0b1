/// All rows of a query's answer.
package struct QueryResult: Sendable, Equatable {
    package struct Column: Sendable, Equatable {
        package let name: String
        /// DuckDB's name of the type: `VARCHAR`, `DECIMAL(18,4)`, `MAP(VARCHAR, VARCHAR)`.
        package let type: String

        package init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    package let columns: [Column]
    /// Each with one value per column.
    package let rows: [[Value]]

    package init(columns: [Column], rows: [[Value]]) {
        self.columns = columns
        self.rows = rows
    }

    /// The only value of an answer of one row and one column, or the first of a larger one.
    package var firstValue: Value? { rows.first?.first }
}
