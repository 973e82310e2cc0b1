import Settings

/// Whether daemon and API answer.
struct Health {
    let configuration: Configuration

    var isWell: Bool { answers(configuration.ingest.http) && answers(configuration.api.listen) }

    func answers(_ address: String) -> Bool {
        (try? LocalHTTP.get("/health", at: address, seconds: 2).status) == 200
    }
}
