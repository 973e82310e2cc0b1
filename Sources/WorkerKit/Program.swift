import EventModel
import FoundationEssentials
import Glibc
import Settings
import Telemetry

/// How a program begins and ends: configuration, logging, one sentence for what went wrong, the right exit code.
package enum Program {
    /// Reads the configuration, sets up logging, runs `body`, and ends the process. With `--check-config` only the
    /// configuration is checked.
    ///
    /// - Parameter json: errors are an object on stderr instead of a sentence.
    package static func run(
        _ name: String, _ options: ProgramOptions, json: Bool = false,
        _ body: (Configuration) async throws -> Void
    ) async -> Never {
        do {
            let configuration = try options.configuration()
            if options.checkConfig {
                print("configuration \(options.usedFile ?? "of built-in defaults") is good")
                end(.done)
            }
            Telemetry.bootstrap(program: name, level: configuration.logLevel)
            try await body(configuration)
            end(.done)
        } catch {
            end(because: error, json: json)
        }
    }

    /// Says what went wrong on stderr, and ends the process with the error's exit code, 1 where it has none.
    package static func end(because error: any Error, json: Bool = false) -> Never {
        let code = (error as? any ExitCoded)?.exitCode ?? .failed
        standardError((json ? errorObject(error, code) : "\(error)") + "\n")
        end(code)
    }

    /// `{"error": {"code": 78, "message": "…"}}`.
    package static func errorObject(_ error: any Error, _ code: ExitCode) -> String {
        struct Answer: Encodable {
            struct Detail: Encodable {
                let code: Int32
                let message: String
            }

            let error: Detail
        }
        let answer = Answer(error: Answer.Detail(code: code.rawValue, message: "\(error)"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(answer) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    private static func end(_ code: ExitCode) -> Never {
        fflush(nil)
        exit(code.rawValue)
    }
}

/// Why a program ends before it did its work, where no room has an error of its own for it.
package struct ProgramError: ExitCoded {
    package let exitCode: ExitCode
    package let description: String

    package init(_ exitCode: ExitCode, _ description: String) {
        self.exitCode = exitCode
        self.description = description
    }
}
