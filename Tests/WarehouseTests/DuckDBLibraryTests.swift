import FoundationEssentials
import TestKit
import Testing

@testable import Warehouse

@Suite struct DuckDBLibraryTests {
    @Test func `a library that is nowhere is one sentence with the remedy`() {
        let error = #expect(throws: WarehouseError.self) {
            try DuckDBLibrary.search(program: "/nowhere/bin/millrace", system: ["libduckdb-absent.so"])
        }
        #expect(error?.code == .libraryMissing)
        #expect(error?.exitCode == .unavailable)
        #expect(
            error?.description
                == "cannot load DuckDB: libduckdb.so is not on this machine; install libduckdb, run "
                + "deploy/fetch-duckdb, or set warehouse.duckdb_library to the library's file")
    }

    @Test func `a configured path that holds nothing is named`() {
        for (configured, environment) in [("/nowhere/libduckdb.so", nil), (nil, "/nowhere/libduckdb.so")] {
            let error = #expect(throws: WarehouseError.self) {
                try DuckDBLibrary.locate(
                    configured: configured, environment: environment, program: "/proc/self/exe", system: [])
            }
            #expect(error?.code == .libraryMissing)
            #expect(error?.description.contains("there is no file /nowhere/libduckdb.so") == true)
        }
    }

    @Test func `a file that is no library, and a library that is another, are told apart`() throws {
        try withTemporaryDirectory { directory in
            try Data("no library".utf8).write(to: URL(fileURLWithPath: directory + "/libduckdb.so"))
            let noLibrary = #expect(throws: WarehouseError.self) {
                try DuckDBLibrary.load(directory + "/libduckdb.so")
            }
            #expect(noLibrary?.code == .libraryUnusable)
            #expect(noLibrary?.description.contains(directory + "/libduckdb.so") == true)
            let other = #expect(throws: WarehouseError.self) {
                try DuckDBLibrary.search(program: directory + "/bin/x", system: ["libm.so.6"])
            }
            #expect(other?.code == .libraryIncomplete)
            #expect(other?.description.contains("duckdb_library_version") == true)
        }
    }

    @Test func `the places beside a program are looked at, nearest first`() {
        #expect(
            DuckDBLibrary.places(program: "/opt/a/bin/millrace") == [
                "/opt/a/lib/millrace/libduckdb.so", "/opt/a/bin/.build/duckdb/libduckdb.so",
                "/opt/a/.build/duckdb/libduckdb.so", "/opt/.build/duckdb/libduckdb.so",
            ])
    }

    @Test func `the library is loaded once`() throws {
        let library = try DuckDBLibrary.locate()
        #expect(try DuckDBLibrary.locate() === library)
        #expect(library.version.hasPrefix("v1."))
    }
}
