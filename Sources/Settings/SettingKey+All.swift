import EventModel

extension SettingKey {
    /// Every key there is; `Config/default.toml` documents each.
    static let all: [SettingKey] = [
        SettingKey("data_dir", .text, .text("/var/lib/millrace")),
        SettingKey("runtime_dir", .text, .text("/run/millrace")),
        SettingKey("log_level", .choice(["trace", "debug", "info", "notice", "warning", "error"]), .text("info")),

        SettingKey("ingest.http", .address, .text("127.0.0.1:7070")),
        SettingKey("ingest.unix", .text, .text("")),
        SettingKey("ingest.stream", .text, .text("")),
        SettingKey("ingest.public_url", .url, .text("http://127.0.0.1:7070")),
        SettingKey("ingest.max_age_days", .integer(1...3_650), .integer(7)),
        SettingKey("ingest.script_paths", .list, .list(["/millrace.js"])),
        SettingKey("ingest.trusted_proxies", .blocks, .blocks(TrustedProxies.loopback.blocks)),
        SettingKey("ingest.country_header", .headerName, .text("")),
        SettingKey("ingest.country_database", .text, .text("")),

        SettingKey("limits.events_per_minute_per_key", .integer(0...1_000_000_000), .integer(1_000)),
        SettingKey("limits.events_per_minute_per_address", .integer(0...1_000_000_000), .integer(100)),

        SettingKey("log.segment_mib", .integer(1...1_024), .integer(64)),
        SettingKey("log.min_free_mib", .integer(0...1_048_576), .integer(512)),
        SettingKey("log.keep_loaded_minutes", .integer(0...525_600), .integer(60)),

        SettingKey("api.listen", .address, .text("127.0.0.1:7080")),
        SettingKey("api.trusted_proxies", .blocks, .blocks(TrustedProxies.loopback.blocks)),
        SettingKey("admin.users", .users, .users([])),
        SettingKey("metrics.token", .text, .text("")),
        SettingKey("auth.open_registration", .boolean, .boolean(false)),
        SettingKey("auth.access_minutes", .integer(1...1_440), .integer(15)),

        SettingKey("jobs.max_attempts", .integer(1...100), .integer(5)),
        SettingKey("jobs.backoff_seconds", .number(0...3_600), .number(1)),
        SettingKey("jobs.lease_seconds", .integer(5...3_600), .integer(60)),

        SettingKey("funnel.default_project", .text, .text("")),
        SettingKey("funnel.conversion_event", .text, .text("purchase")),
        SettingKey("funnel.test_id", .text, .text("")),
        SettingKey("funnel.cta_components", .list, .list([])),
        SettingKey("statistics.mixing_effect", .number(0.0001...1), .number(0.02)),

        SettingKey("ga4.property_id", .text, .text("")),
        SettingKey("ga4.variant_dimension", .text, .text("")),
        SettingKey(
            "ga4.variant_values", .mapping, .mapping(["A": ["A", "control"], "B": ["B", "treatment", "variant"]])),
        SettingKey("ga4.base_url", .url, .text("https://analyticsdata.googleapis.com")),
        SettingKey("ga4.token_url", .url, .text("https://oauth2.googleapis.com/token")),
        SettingKey("ga4.service_account_file", .text, .text("")),
        SettingKey("clarity.base_url", .url, .text("https://www.clarity.ms")),
        SettingKey("clarity.token_file", .text, .text("")),
        SettingKey("claude.base_url", .url, .text("https://api.anthropic.com")),
        SettingKey("claude.key_file", .text, .text("")),
        SettingKey("claude.model", .text, .text("claude-sonnet-5-5")),
        SettingKey("claude.api_version", .text, .text("2026-10-21")),
        SettingKey("claude.daily_usd", .number(0...10_000), .number(1)),
        SettingKey("claude.projects", .list, .list([])),
        SettingKey("chatwoot.base_url", .url, .text("")),
        SettingKey("chatwoot.account_id", .text, .text("")),
        SettingKey("chatwoot.token_file", .text, .text("")),
        SettingKey("chatwoot.export_path", .text, .text("")),
        SettingKey("chatwoot.images", .boolean, .boolean(true)),
        SettingKey("chatwoot.export_complete", .boolean, .boolean(false)),
        SettingKey("chatwoot.allow_private_addresses", .boolean, .boolean(false)),
        SettingKey("search_console.site_url", .text, .text("")),
        SettingKey("search_console.base_url", .url, .text("https://searchconsole.googleapis.com")),
        SettingKey("search_console.token_url", .url, .text("https://oauth2.googleapis.com/token")),
        SettingKey("search_console.service_account_file", .text, .text("")),
        SettingKey("shopify.shop", .text, .text("")),
        SettingKey("shopify.base_url", .url, .text("")),
        SettingKey("shopify.token_file", .text, .text("")),

        SettingKey("sessions.timeout_minutes", .integer(1...1_440), .integer(30)),
        SettingKey("sessions.hot_days", .integer(1...365), .integer(7)),
        SettingKey("retention.events_days", .integer(1...3_650), .integer(90)),
        SettingKey("retention.jobs_days", .integer(1...3_650), .integer(30)),
        SettingKey("retention.dead_letters_days", .integer(1...3_650), .integer(30)),
        SettingKey("retention.backups_days", .integer(1...3_650), .integer(30)),

        SettingKey("warehouse.engine", .choice(["duckdb", "clickhouse"]), .text("duckdb")),
        SettingKey("warehouse.duckdb_library", .text, .text("")),
        SettingKey("warehouse.url", .url, .text("")),
        SettingKey("warehouse.database", .text, .text("millrace")),
        SettingKey("warehouse.memory_limit_mib", .integer(128...1_048_576), .integer(1_024)),
        SettingKey("warehouse.threads", .integer(1...256), .integer(2)),
    ]
}
