// Where a server listens, and why it can't, as the operator is told.

import type { Config } from '../config.ts'
import { say } from '../service.ts'

/** A host and a port to listen on. */
export type ListenAddress = Pick<Config, 'host' | 'port'>

/** The URL of an address; IPv6 addresses stand in brackets. */
export const listenUrl = ({ host, port }: ListenAddress): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Tells the operator that the service takes requests. @param port the one that was opened */
export const sayListening = (
  { host, issuer }: Pick<Config, 'host' | 'issuer'>,
  port: number,
): void => say(`listening on ${listenUrl({ host, port })} as ${issuer}`)

/** What to tell of an address that can't be listened on, and what to do. */
export const listenFailure = (error: unknown, address: ListenAddress): string => {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || name === 'AddrInUse') {
    return `port ${address.port} is taken; choose another with PORT and set ROLLCALL_ISSUER to it`
  }
  return `cannot listen on ${listenUrl(address)} (${message}); check HOST and PORT`
}
