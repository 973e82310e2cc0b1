/// The version of all programs, as `--version` prints it.
package let millraceVersion = "0.1.0"
