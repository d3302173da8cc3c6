// The error of a `fetch` through a proxy, if the proxy opens no connection.

/** Details of the failure. */
export interface ProxyErrorDetails {
  /** Status of the proxy's answer to CONNECT, if it answered. */
  readonly status?: number | undefined
  /** Why the proxy did not answer. */
  readonly cause?: unknown
}

/**
 * A proxy opened no connection to the service. Your own `fetch` can throw it, also as the `cause` of another error;
 * the client then names the proxy instead of the service.
 *
 * @example
 * ```ts
 * import { ProxyError, createOperatorClient, parsePrivateKey } from 'rollcall/client'
 *
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const client = createOperatorClient({
 *   issuer: 'https://rollcall.example',
 *   key: await parsePrivateKey(await crypto.subtle.exportKey('jwk', pair.privateKey)),
 *   operator: 'alice',
 *   retries: 0,
 *   fetch: () => Promise.reject(new ProxyError('http://proxy.example:3128', { status: 407 })),
 * })
 * try {
 *   await client.introspect('token')
 * } catch (error) {
 *   console.log(String(error).includes('proxy.example')) // true
 * }
 * ```
 * @see RFC 9110 section 9.3.6 (CONNECT)
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
