// Relying parties that verify tokens by themselves, each in a process of its own.

import type { TestContext } from 'vitest'
import type { VerifyingParty } from '../../generate/relying-parties.ts'
import { reservePort } from '../../support/ports.ts'
import { startProcess, waitUntil } from '../../support/processes.ts'
import { AUDIENCE, type Issuer } from './issuer.ts'
import { COMMANDS, type Command, MissingError, OWN_CHECKS } from './programs.ts'

const READY_SECONDS = 30

/** What differs from the program of the page. */
export interface PartyOptions {
  /** Default: the one of the page, {@link AUDIENCE}. */
  readonly audience?: string
  /** Accounts and regions that are admitted. Default: each. */
  readonly account?: readonly string[]
  readonly region?: readonly string[]
  /** Whether the library is on its own: the program refuses nothing that the library admits. Default: false. */
  readonly isBare?: boolean
}

/** A relying party that runs. */
export interface RunningParty {
  readonly url: string
  /** Shows it a token as a bearer token. @returns its answer */
  show(token: string): Promise<Response>
  /** What it has written so far: why it refused a token. */
  said(): string
  stop(): Promise<number | null>
}

/** A relying party that runs, or why it does not. */
export type StartedParty = RunningParty | MissingError

/**
 * Starts a relying party that trusts an issuer, and waits until it answers.
 * @throws Error with all that it has written, if it does not answer within 30 seconds
 */
export const startParty = async (
  name: VerifyingParty,
  issuer: Pick<Issuer, 'url' | 'caFile'>,
  { audience = AUDIENCE, isBare = false, ...conditions }: PartyOptions = {},
): Promise<StartedParty> => {
  let command: Command
  try {
    const values = { issuer: issuer.url, audience, ...conditions }
    command = await COMMANDS[name](values, isBare ? OWN_CHECKS[name] : {})
  } catch (error) {
    if (error instanceof MissingError) return error
    throw error
  }
  const [program, ...args] = command
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const { output, child, stop } = startProcess(program, args, {
    PORT: String(port),
    ROLLCALL_ISSUER: issuer.url,
    // As the pages say for a CA of one's own.
    SSL_CERT_FILE: issuer.caFile,
    NODE_EXTRA_CA_CERTS: issuer.caFile,
  })
  const answers = async (): Promise<boolean> =>
    (await fetch(url).catch(() => undefined))?.status === 401
  try {
    const alive = (): boolean => child.exitCode === null
    await waitUntil(answers, { seconds: READY_SECONDS, what: `${name} ready`, alive })
  } catch (cause) {
    await stop()
    throw new Error(`${String(cause)}\n${output.stdout}\n${output.stderr}`, { cause })
  }
  return {
    url,
    show: (token) => fetch(url, { headers: { Authorization: `Bearer ${token}` } }),
    said: () => output.stdout + output.stderr,
    stop,
  }
}

/**
 * The relying party, for a test. The test is skipped, with the reason, where the relying party is not installed.
 * @throws Error if everything is to be tested (ROLLCALL_REQUIRE_ALL=1) and it is not installed
 */
export const requireParty = (context: TestContext, party: StartedParty): RunningParty => {
  if (!(party instanceof MissingError)) return party
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw party
  return context.skip(party.message)
}

/** Shows a token as a bearer token. @returns the status of the answer */
export const statusOf = async (party: RunningParty, token: string): Promise<number> =>
  (await party.show(token)).status
