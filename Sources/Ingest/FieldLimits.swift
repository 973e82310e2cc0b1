/// What one event may hold. Texts are counted in characters (Unicode scalars).
enum FieldLimits {
    static let eventType = 1...100
    static let identity = 1...255
    static let url = 0...2_048
    static let path = 0...1_024
    static let text = 0...1_024
    static let name = 0...255
    static let testID = 1...64
    static let userAgent = 512
    static let propertyKeys = 64
    /// The sum of the UTF-8 bytes of keys and values.
    static let propertyBytes = 8_192
    /// Containers in each other, the event itself being the first.
    static let depth = 8
    /// A browser's clock may be this far ahead of ours, in milliseconds.
    static let aheadMilliseconds: Int64 = 300_000
    static let batchEvents = 1_000
    /// Members that the daemon does not know, of the event and of its objects. Those of `metadata` are not counted.
    static let unknownMembers = 1_024
}
