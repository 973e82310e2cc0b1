import EventModel
import GRDB
import Testing

@testable import Loading

@Suite struct DuplicateTests {
    let noon = LoadingSite.noon
    let id = EventID(high: 0x018C_0000_0000_7000, low: 0x8000_0000_0000_0001)

    @Test func `an id counts once in a batch, and once per project`() throws {
        try withSite { site in
            let other = try site.store.write { try $0.createProject(name: "Other").projectID }
            try site.load([
                site.event("page_view", at: noon, id: id, session: "s_1"),
                site.event("page_view", at: noon, id: id, session: "s_1"),
                site.event(at: noon, id: id) { $0.projectID = other },
            ])
            #expect(try site.events().map(\.sequence) == [1, 3])
            #expect(try site.counter("late_duplicate") == 1)
            #expect(try site.session("s_1")?["page_count"] == 1)
        }
    }

    @Test func `an id that was loaded is found in a later batch, and by a new loader`() throws {
        try withSite { site in
            try site.send([site.event(at: noon, id: id)])
            var loader: Loader? = try site.loader()
            try loader?.drain()
            try site.send([site.event(at: noon, id: id)])
            try loader?.drain()
            #expect(try site.counter("late_duplicate") == 1)
            loader = nil
            try site.load([site.event(at: noon + 60, id: id, session: "s_1")])
            #expect(try site.counter("late_duplicate") == 2)
            #expect(try site.events().count == 1)
            #expect(try site.session("s_1") == nil)
        }
    }

    @Test func `a retry received over 48 hours after its time is found in the files of its day and those beside`()
        throws
    {
        try withSite { site in
            site.configuration.rememberedIDs = .seconds(3_600)
            try site.load([site.event(at: noon, id: id)])
            // So much later that nothing is remembered any more.
            let later = noon + .seconds(10 * 86_400)
            try site.load([site.event(at: later)])
            site.clock.set(to: later)
            try site.load([site.event(at: noon + .seconds(43_200), id: id, received: later)])
            #expect(try site.counter("late_duplicate") == 1)
            #expect(try site.events().count == 2)
        }
    }

    @Test func `what is remembered outlives as much as it must, and no more`() throws {
        var remembered = RememberedIdentities(directory: "/tmp", span: .seconds(48 * 3_600))
        let key = IdentityKey(project: 1, id: id)
        #expect(remembered.received(key) == nil)
        remembered.add(key, received: noon...noon, expecting: 1)
        #expect(remembered.received(key) == noon...noon)
        #expect(remembered.received(IdentityKey(project: 2, id: id)) == nil)
        remembered.forget(before: noon + .seconds(48 * 3_600))
        #expect(remembered.received(key) != nil)
        remembered.forget(before: noon + .seconds(48 * 3_600 + 1))
        #expect(remembered.received(key) == nil)
    }

    @Test func `every id is found again over many generations, and the tables tell others apart`() throws {
        var remembered = RememberedIdentities(directory: "/tmp", span: .seconds(48 * 3_600))
        var random = SplitMix(state: 5)
        let count = 300_000
        let ids = (0..<count).map { _ in EventID(high: random.next(), low: random.next()) }
        for id in ids { remembered.add(IdentityKey(project: 7, id: id), received: noon...noon, expecting: 1) }
        remembered.forget(before: noon)
        #expect(ids.allSatisfy { remembered.received(IdentityKey(project: 7, id: $0)) != nil })
        let strangers = (0..<count).map { _ in EventID(high: random.next(), low: random.next()) }
        #expect(strangers.filter { remembered.received(IdentityKey(project: 7, id: $0)) != nil }.count == 0)
        // Bounded: 8 bits an id, and a generation that is not full yet.
        #expect(remembered.filterBytes < 2 * count)
    }

    @Test func `a full filter is wrong about a few in a hundred strangers, never about its own`() {
        var filter = BloomFilter(capacity: 100_000)
        var random = SplitMix(state: 3)
        let own = (0..<100_000).map { _ in random.next() }
        for hash in own { filter.add(hash) }
        #expect(own.allSatisfy { filter.mayContain($0) })
        let wrong = (0..<100_000).filter { _ in filter.mayContain(random.next()) }.count
        #expect(wrong < 5_000)
    }
}
