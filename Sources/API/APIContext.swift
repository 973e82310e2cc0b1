import Hummingbird
import NIOCore

/// What a route knows of a request beside its content.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The address at the other end of the connection; nil where there is none, as in a pipe.
    package let peer: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}
