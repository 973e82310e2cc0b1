import ControlStore
import Testing

@Suite struct BcryptPasswordTests {
    // From the test vectors of OpenBSD's and Openwall's crypt_blowfish 1.3 (wrapper.c).
    static let vectors = [
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
    ]

    @Test(arguments: vectors)
    func `a published vector matches its password and no other`(hash: String, password: String) throws {
        let known = try #require(BcryptPassword(hash: hash))
        #expect(known.cost == 5)
        #expect(known.matches(password))
        #expect(!known.matches(password + "*"))
        #expect(!known.matches(""))
    }

    @Test func `a new hash is of the cost asked for, salted, and matches`() throws {
        let first = try BcryptPassword(password: "correct horse", cost: 4)
        let second = try BcryptPassword(password: "correct horse", cost: 4)
        #expect(first.hash.hasPrefix("$2b$04$"))
        #expect(first.hash != second.hash)
        #expect(first.matches("correct horse") && second.matches("correct horse"))
        #expect(!first.matches("correct horsf"))
        #expect(try bcryptHash("correct horse", cost: 5).hasPrefix("$2b$05$"))
    }

    @Test func `what bcrypt would cut is refused and never matches`() throws {
        let longest = String(repeating: "x", count: 72)
        let known = try BcryptPassword(password: longest, cost: 4)
        #expect(known.matches(longest))
        #expect(!known.matches(longest + "y"))
        #expect(throws: StoreError.self) { try BcryptPassword(password: longest + "y", cost: 4) }
        #expect(throws: StoreError.self) { try BcryptPassword(password: "a\0b", cost: 4) }
        #expect(throws: StoreError.self) { try BcryptPassword(password: "", cost: 4) }
        #expect(throws: StoreError.self) { try BcryptPassword(password: "fine", cost: 3) }
        #expect(!(try BcryptPassword(password: "a", cost: 4)).matches("a\0b"))
    }

    @Test(arguments: [
        "", "plain", "$1$abc$def", "$2b$12$", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ])
    func `a text that is no bcrypt hash is told apart`(text: String) {
        #expect(BcryptPassword(hash: text) == nil)
    }
}
