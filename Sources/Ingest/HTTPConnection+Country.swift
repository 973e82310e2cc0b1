extension HTTPConnection {
    /// The country that the request's head says, where its peer may say so.
    func statedCountry(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> CountryCode? {
        guard let range = head.country, peer.address.map({ loop.shared.proxies.trusts($0) }) ?? true else {
            return nil
        }
        return CountryCode(bytes.part(range))
    }
}
