import FoundationEssentials

extension Configuration {
    /// Reads the configuration: a flag wins over the environment, that over the file, that over the default.
    ///
    /// - Parameters:
    ///   - file: path of a TOML file, nil for none.
    ///   - environment: `MILLRACE_<TABLE>_<KEY>`; empty values count as not set.
    ///   - overrides: values of flags by the path of their key, such as `log_level`.
    package static func load(
        file: String?, environment: [String: String] = [:], overrides: [String: String] = [:]
    ) throws(ConfigurationError) -> Configuration {
        var values = SettingValues()
        if let file { try values.take(try ConfigurationFile(path: file)) }
        for key in SettingKey.all {
            if let text = environment[key.environmentName], !text.isEmpty {
                try values.take(key, text: text, from: "environment variable \(key.environmentName)")
            }
            if let text = overrides[key.path] { try values.take(key, text: text, from: "flag for \(key.path)") }
        }
        return Configuration(values)
    }

    private init(_ values: SettingValues) {
        dataDirectory = absolutePath(values.text("data_dir"))
        runtimeDirectory = absolutePath(values.text("runtime_dir"))
        logLevel = values.text("log_level")
        ingest = Ingest(
            http: values.text("ingest.http"),
            unix: values.optional("ingest.unix") ?? runtimeDirectory + "/ingest.sock",
            stream: values.optional("ingest.stream") ?? runtimeDirectory + "/stream.sock",
            publicURL: values.text("ingest.public_url"), maxAgeDays: values.integer("ingest.max_age_days"),
            scriptPaths: values.list("ingest.script_paths"), trustedProxies: values.proxies("ingest.trusted_proxies"),
            countryHeader: values.optional("ingest.country_header"),
            countryDatabase: values.optional("ingest.country_database").map { absolutePath($0) })
        limits = Limits(
            eventsPerMinutePerKey: values.integer("limits.events_per_minute_per_key"),
            eventsPerMinutePerAddress: values.integer("limits.events_per_minute_per_address"))
        log = Log(
            segmentMiB: values.integer("log.segment_mib"), minFreeMiB: values.integer("log.min_free_mib"),
            keepLoadedMinutes: values.integer("log.keep_loaded_minutes"))
        api = API(listen: values.text("api.listen"), trustedProxies: values.proxies("api.trusted_proxies"))
        adminUsers = values.users("admin.users")
        metricsToken = values.optional("metrics.token")
        auth = Auth(
            openRegistration: values.boolean("auth.open_registration"),
            accessMinutes: values.integer("auth.access_minutes"))
        jobs = Jobs(
            maxAttempts: values.integer("jobs.max_attempts"), backoffSeconds: values.number("jobs.backoff_seconds"),
            leaseSeconds: values.integer("jobs.lease_seconds"))
        funnel = Funnel(
            defaultProject: values.optional("funnel.default_project"),
            conversionEvent: values.text("funnel.conversion_event"), testID: values.optional("funnel.test_id"),
            ctaComponents: values.list("funnel.cta_components"))
        mixingEffect = values.number("statistics.mixing_effect")
        sessions = Sessions(
            timeoutMinutes: values.integer("sessions.timeout_minutes"), hotDays: values.integer("sessions.hot_days"))
        retention = Retention(
            eventsDays: values.integer("retention.events_days"), jobsDays: values.integer("retention.jobs_days"),
            deadLettersDays: values.integer("retention.dead_letters_days"),
            backupsDays: values.integer("retention.backups_days"))
        warehouse = Warehouse(
            engine: values.text("warehouse.engine"), duckdbLibrary: values.optional("warehouse.duckdb_library"),
            url: values.optional("warehouse.url"), database: values.text("warehouse.database"),
            memoryLimitMiB: values.integer("warehouse.memory_limit_mib"), threads: values.integer("warehouse.threads"))
        ga4 = GA4(values)
        clarity = Clarity(baseURL: values.text("clarity.base_url"), tokenFile: values.optional("clarity.token_file"))
        claude = Claude(values)
        chatwoot = Chatwoot(values)
        searchConsole = SearchConsole(values)
        shopify = Shopify(
            shop: values.optional("shopify.shop"), baseURL: values.optional("shopify.base_url"),
            tokenFile: values.optional("shopify.token_file"))
    }
}

extension Configuration.GA4 {
    fileprivate init(_ values: SettingValues) {
        self.init(
            propertyID: values.optional("ga4.property_id"), variantDimension: values.optional("ga4.variant_dimension"),
            variantValues: values.mapping("ga4.variant_values"), baseURL: values.text("ga4.base_url"),
            tokenURL: values.text("ga4.token_url"), serviceAccountFile: values.optional("ga4.service_account_file"))
    }
}

extension Configuration.Claude {
    fileprivate init(_ values: SettingValues) {
        self.init(
            baseURL: values.text("claude.base_url"), keyFile: values.optional("claude.key_file"),
            model: values.optional("claude.model"), apiVersion: values.text("claude.api_version"),
            dailyUSD: values.number("claude.daily_usd"), projects: values.list("claude.projects"))
    }
}

extension Configuration.Chatwoot {
    fileprivate init(_ values: SettingValues) {
        self.init(
            baseURL: values.optional("chatwoot.base_url"), accountID: values.optional("chatwoot.account_id"),
            tokenFile: values.optional("chatwoot.token_file"), exportPath: values.optional("chatwoot.export_path"),
            images: values.boolean("chatwoot.images"), exportComplete: values.boolean("chatwoot.export_complete"),
            allowPrivateAddresses: values.boolean("chatwoot.allow_private_addresses"))
    }
}

extension Configuration.SearchConsole {
    fileprivate init(_ values: SettingValues) {
        self.init(
            siteURL: values.optional("search_console.site_url"), baseURL: values.text("search_console.base_url"),
            tokenURL: values.text("search_console.token_url"),
            serviceAccountFile: values.optional("search_console.service_account_file"))
    }
}

/// The path as it is where it is absolute, else below the working directory; without `.` and a trailing slash.
private func absolutePath(_ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    let parts = whole.split(separator: "/").filter { $0 != "." }
    return "/" + parts.joined(separator: "/")
}
