// Where a server listens, as it is told to the operator.

import type { Config } from '../config.ts'
import { say } from '../service.ts'

/** Tells the operator that the service is there. */
export const sayListening = (
  { host, issuer }: Pick<Config, 'host' | 'issuer'>,
  port: number,
): void => {
  say(`listening on http://${host}:${port} as ${issuer}`)
}
