// What a `fetch` that goes through a proxy throws when the proxy opens no connection.

/** What is known of the failure. */
export interface ProxyErrorDetails {
  /** Status of the proxy's answer to CONNECT, if it answered. */
  readonly status?: number | undefined
  /** Why there was no answer of the proxy. */
  readonly cause?: unknown
}

/**
 * A proxy opened no connection to the service. A `fetch` of your own may throw it, also as the `cause` of another
 * error; the client then names the proxy instead of the service.
 */
export class ProxyError extends Error {
  /** Always `ProxyError`. */
  override readonly name = 'ProxyError'
  /** Address of the proxy, for messages: without user name and password. */
  readonly proxy: string
  /** Status of the proxy's answer to CONNECT; `undefined` if it did not answer. */
  readonly status: number | undefined

  /** @param proxy its address, without user name and password */
  constructor(proxy: string, { status, cause }: ProxyErrorDetails = {}) {
    super(`the proxy ${proxy} opened no connection`, { cause })
    this.proxy = proxy
    this.status = status
  }
}
