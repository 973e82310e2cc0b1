import ControlStore
import EventModel
import TestKit
import Testing

@Suite struct ProjectsTests {
    @Test func `a project is found by its id and by its name`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let made = try store.write {
                try $0.createProject(name: "Shop", domains: ["Shop.example.com", "*.example.org"])
            }
            #expect(made.domains == ["shop.example.com", "*.example.org"])
            #expect(made.currency == "USD" && made.conversionEvent == nil)
            func find(_ name: String) throws -> Project? { try store.read { try $0.project(named: name) } }
            #expect(try find("Shop") == made)
            #expect(try find(made.projectID.rawValue) == made)
            #expect(try find("shop") == nil)
            #expect(try store.read { try $0.project(made.projectID) } == made)
            #expect(try store.read { try $0.project(ProjectID(rawValue: "Shop")) } == nil)
            #expect(try store.read { try $0.projects() } == [made])
        }
    }

    @Test func `a name is taken once, and gives no doubt`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try makeProject(store, name: "Shop")
            for name in ["Shop", "", "a\nb", "proj_000000000000", String(repeating: "x", count: 201)] {
                let error = #expect(throws: StoreError.self) {
                    try store.write { try $0.createProject(name: name) }
                }
                #expect(error?.code == .refused, "\(name)")
            }
            #expect(try store.read { try $0.projects() }.count == 1)
        }
    }

    @Test(arguments: [
        "", "http://shop.example.com", "shop.example.com/path", "a b", "*", "*.", "-a.com", "a..b", "ä.de",
    ])
    func `what is no host name is refused as a domain`(domain: String) throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            #expect(throws: StoreError.self) {
                try store.write { try $0.createProject(name: "Shop", domains: [domain]) }
            }
        }
    }

    @Test func `a key is known by its hash alone`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let project = try makeProject(store)
            for (kind, prefix) in [(ProjectSnapshot.Kind.public, "pk_live_"), (.secret, "sk_live_")] {
                let made = try store.write { try $0.createKey(project: project, kind: kind, name: "a key") }
                #expect(made.plainText.hasPrefix(prefix) && made.plainText.utf8.count == 40)
                #expect(made.key.hash == ApiKeyHash.hash(made.plainText))
                let owner = try store.read { try $0.keyOwner(hash: ApiKeyHash.hash(made.plainText)) }
                #expect(owner?.projectID == project && owner?.kind == kind)
            }
            #expect(try store.read { try $0.keyOwner(hash: ApiKeyHash.hash("pk_live_")) } == nil)
            #expect(try store.read { try $0.keys(project: project) }.count == 2)
        }
    }

    // FIPS 180-2, appendix B.1: SHA-256 of "abc".
    @Test func `a key's hash is SHA-256 in hexadecimal`() {
        let hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(ApiKeyHash.hash("abc") == hash)
    }

    @Test func `a revoked, an expired and a deleted project's key own nothing`() throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(Timestamp(milliseconds: 1_735_732_800_000))
            let store = try TestDatabase.make(in: directory, clock: clock.clock)
            let project = try makeProject(store)
            func makeKey(expiresAt: Timestamp? = nil) throws -> KeyRow {
                try store.write { try $0.createKey(project: project, kind: .secret, expiresAt: expiresAt).key }
            }
            func works(_ key: KeyRow) throws -> Bool { try store.read { try $0.keyOwner(hash: key.hash) != nil } }
            let revoked = try makeKey()
            let expiring = try makeKey(expiresAt: clock.clock.now() + .seconds(60))
            let plain = try makeKey()
            #expect(try works(revoked) && works(expiring) && works(plain))
            try store.write { try $0.revokeKey(id: revoked.keyID) }
            clock.advance(by: .seconds(60))
            #expect(try !works(revoked) && !works(expiring) && works(plain))
            try store.write { try $0.revokeKey(id: revoked.keyID) }
            #expect(
                try store.read { try $0.keys(project: project).first { $0.keyID == revoked.keyID }?.revokedAt }
                    == Timestamp(milliseconds: 1_735_732_800_000))
            try store.write { try $0.database.execute(sql: "UPDATE projects SET deleted_at = created_at") }
            #expect(try !works(plain))
            #expect(throws: StoreError.self) { try store.write { try $0.revokeKey(id: "key_none") } }
            #expect(throws: StoreError.self) { try makeKey() }
        }
    }

    @Test func `every change of a project or key raises the snapshot's version`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            var last = try store.read { try $0.snapshotVersion() }
            func expectHigher(_ change: (StoreTransaction) throws -> Void) throws {
                try store.write(change)
                let version = try store.read { try $0.snapshotVersion() }
                #expect(version > last)
                last = version
            }
            let project = try makeProject(store)
            var key: String?
            try expectHigher { key = try $0.createKey(project: project, kind: .public).key.keyID }
            try expectHigher { try $0.revokeKey(id: try #require(key)) }
            try expectHigher { try $0.database.execute(sql: "UPDATE projects SET name = 'New'") }
            try expectHigher { try $0.database.execute(sql: "DELETE FROM api_keys") }
            try expectHigher { try $0.database.execute(sql: "DELETE FROM projects") }
        }
    }
}
