// Where a server listens, and why it can't: the lines for the operator.

/** A host and a port to listen on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** The URL of an address; IPv6 addresses stand in brackets. */
export const listenUrl = ({ host, port }: ListenAddress): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** What to tell the operator once the service takes requests. @param address the one that was opened */
export const listenSuccess = (address: ListenAddress, issuer: string): string =>
  `listening on ${listenUrl(address)} as ${issuer}`

/** What to tell of an address that can't be listened on, and what to do. */
export const listenFailure = (error: unknown, address: ListenAddress): string => {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || name === 'AddrInUse') {
    return `port ${address.port} is taken; choose another with PORT and set ROLLCALL_ISSUER to it`
  }
  return `cannot listen on ${listenUrl(address)} (${message}); check HOST and PORT`
}
