import ArgumentParser
import ControlStore
import EventModel

/// `millrace password-hash`: a password from standard input as the hash that `[[admin.users]]` takes.
struct PasswordHashCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "password-hash", abstract: "Hash a password (one line on standard input) for [[admin.users]].")

    @OptionGroup var options: ToolOptions

    func perform(_ tool: Tool) throws {
        guard let password = readLine(strippingNewline: true), !password.isEmpty else {
            throw ToolError(.notFound, "there is no password on standard input; try `millrace password-hash < FILE`")
        }
        tool.console.line(try BcryptPassword(password: password).hash)
    }
}
