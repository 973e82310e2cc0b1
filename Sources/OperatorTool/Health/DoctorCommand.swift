import ArgumentParser
import EventModel

/// `millrace doctor`: what is wrong with this installation, and how to mend it.
struct DoctorCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the installation; exit code 1 where something fails.")

    @OptionGroup var options: ToolOptions
    @Flag(help: "Print an array of objects.") var json = false

    var wantsJSON: Bool { json }

    func perform(_ tool: Tool) throws {
        let findings = Doctor(tool: tool).examine()
        if json {
            tool.console.json { json in
                json.array { json in
                    for finding in findings {
                        json.object { json in
                            json.member("check", finding.check)
                            json.member("state", finding.state.rawValue)
                            json.member("message", finding.message)
                            json.member("mend", finding.mend)
                        }
                    }
                }
            }
        } else {
            for finding in findings {
                let colour: Console.Colour =
                    switch finding.state {
                    case .ok: .green
                    case .warn: .yellow
                    case .fail: .red
                    }
                let mark = finding.state.rawValue
                let padding = String(repeating: " ", count: 5 - mark.count)
                tool.console.line(
                    "\(tool.console.coloured(mark, colour))\(padding)\(finding.check): \(finding.message)")
                if let mend = finding.mend { tool.console.line("     → \(mend)") }
            }
        }
        if findings.contains(where: { $0.state == .fail }) { throw EndedWith(.failed) }
    }
}
