import EventModel

/// An event's id within its project, with a hash that is good for this process only: its seed is random, so that
/// nobody can choose ids which collide.
struct IdentityKey: Hashable {
    let project: UInt64
    let id: EventID
    /// Never 0.
    let hash: UInt64

    init(project: UInt64, id: EventID) {
        self.project = project
        self.id = id
        hash = max(1, Self.mix(Self.mix(id.high ^ Self.seed.0, id.low ^ Self.seed.1), project ^ Self.seed.2))
    }

    /// A number for a project, equal for equal ids in this process.
    static func number(of project: ProjectID) -> UInt64 { UInt64(bitPattern: Int64(project.rawValue.hashValue)) }

    static func == (left: IdentityKey, right: IdentityKey) -> Bool {
        left.id == right.id && left.project == right.project
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    private static let seed = (
        UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)
    )

    /// Both halves of the 128-bit product, folded together. Source: Wang Yi, "wyhash", `wymix`.
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: right ^ 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }
}
