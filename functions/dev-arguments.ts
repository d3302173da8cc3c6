// The arguments of `npm run dev`: two options are ports of the trial, all others are passed to
// wrangler.

import { parseArgs } from 'node:util'
import { isTaken } from '../src/node/port.ts'
import { usageError } from '../src/cli/command-error.ts'

const OWN = { port: { type: 'string' }, 'metadata-port': { type: 'string' } } as const

/**
 * Checks that a port is free. Otherwise wrangler would take the next one, and the port in the
 * issuer would be wrong.
 * @throws CommandError
 */
export const checkFree = async (port: number): Promise<void> => {
  if (!(await isTaken(port))) return
  throw usageError(
    `port ${port} is taken; choose another with \`npm run dev -- --port N\`, and with a .dev.vars ` +
      'of yours set ROLLCALL_ISSUER=http://localhost:N there',
  )
}

const readPort = (name: string, text: string, min: number): number => {
  const port = /^(?:0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : -1
  if (port >= min && port <= 65_535) return port
  throw usageError(`${name}: "${text}" is not a port; write a number from ${min} to 65535`)
}

/** Reads the arguments. @throws CommandError for an invalid port */
export const readArguments = (args: readonly string[]) => {
  const { values, tokens } = parseArgs({
    args: [...args],
    options: OWN,
    strict: false,
    tokens: true,
  })
  const own = tokens.flatMap((token) => {
    if (token.kind !== 'option' || !(token.name in OWN)) return []
    return token.inlineValue === false ? [token.index, token.index + 1] : [token.index]
  })
  const dropped = new Set(own)
  return {
    port: readPort('--port', String(values.port ?? '8787'), 1),
    metadataPort: readPort('--metadata-port', String(values['metadata-port'] ?? '8100'), 0),
    passedOn: args.filter((_, index) => !dropped.has(index)),
  }
}
