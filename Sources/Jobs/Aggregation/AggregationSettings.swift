import Settings

/// What of the configuration decides the funnel records.
struct AggregationSettings {
    var dataDirectory: String
    /// A project's id or name; nil means the first project created.
    var defaultProject: String?
    /// For projects that name none.
    var conversionEvent = "purchase"
    /// The test to speak of, where a project has it.
    var testID: String?
    /// Components whose clicks count as call-to-action.
    var ctaComponents: [String] = []
    /// The τ of the sequential test.
    var mixingEffect = 0.02

    init(dataDirectory: String) { self.dataDirectory = dataDirectory }

    init(_ configuration: Configuration) {
        dataDirectory = configuration.dataDirectory
        defaultProject = configuration.funnel.defaultProject
        conversionEvent = configuration.funnel.conversionEvent
        testID = configuration.funnel.testID
        ctaComponents = configuration.funnel.ctaComponents
        mixingEffect = configuration.mixingEffect
    }
}
