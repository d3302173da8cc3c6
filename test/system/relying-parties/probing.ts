// Lets `rollcall probe` be the issuer of a real relying party. The prober starts first, since some relying parties fetch
// discovery when they start.

import type { ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, createServer } from 'node:net'
import type { Run } from '../../support/command.ts'
import { startListening } from '../../support/listening.ts'
import { reservePort } from '../../support/ports.ts'
import { waitUntil } from '../../support/processes.ts'
import type { ServerCertificate } from '../../support/tls-certificates.ts'
import { AUDIENCE } from './issuer.ts'

/**
 * Runs the command.
 * @param heard is given all of standard error, each time that it grows, and a function that ends the run
 */
export type RunCommand = (
  args: readonly string[],
  heard: (stderr: string, end: () => void) => void,
) => Promise<Run>

/** A relying party that runs. */
interface Party {
  readonly url: string
  stop(): Promise<unknown>
}

/**
 * Starts a relying party.
 * @param issuer the URL of its issuer
 * @param isAdmitted says whether the prober gets in at an address, within ten seconds
 */
export type StartParty = (
  issuer: string,
  isAdmitted: (url: string) => Promise<boolean>,
) => Promise<Party>

/** What a prober is started with. */
export interface Probing {
  readonly run: RunCommand
  /** For `localhost`, where relying parties reach the issuer. */
  readonly certificate: ServerCertificate
  /** Origin and path of the relying party as the prober calls it; PORT stands for its port. */
  readonly address?: string
  readonly more?: readonly string[]
}

/** What a prober found. */
export interface Probed {
  readonly status: number | null
  readonly stderr: string
  /** The URL of the test issuer. */
  readonly issuer: string
  readonly admitted: readonly string[]
  /** What the prober says to do, by the name of what was admitted. */
  readonly remedies: Readonly<Record<string, string>>
  readonly counts: Readonly<Record<string, number>>
  readonly stillOpen: boolean
}

const ADMITS_SECONDS = 10
const START_SECONDS = 20
const WAIT_SECONDS = 60

/** Passes requests on from TLS: relying parties trust issuers of `https` alone. */
const startFront = (certificate: ServerCertificate, port: number) => {
  const pass = async (path: string, response: ServerResponse): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    response.writeHead(answer.status, {
      'Content-Type': answer.headers.get('Content-Type') ?? '',
      'Cache-Control': answer.headers.get('Cache-Control') ?? '',
    })
    response.end(await answer.text())
  }
  return startListening(
    createTlsServer(certificate, ({ url = '/' }, response) => {
      pass(url, response).catch(() => response.writeHead(502).end())
    }),
  )
}

/** An address that the prober can call before the relying party listens anywhere. */
const startPassage = async () => {
  let target: number | undefined
  const listening = await startListening(
    createServer((socket) => {
      if (target === undefined) return void socket.destroy()
      const onward = connect(target, '127.0.0.1')
      socket.pipe(onward).pipe(socket)
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
    }),
  )
  return { ...listening, leadTo: (url: string) => void (target = Number(new URL(url).port)) }
}

const read = ({ status, stdout, stderr }: Run, issuer: string): Probed => {
  if (stdout === '') throw new Error(`the prober found nothing: ${status}, ${stderr}`)
  const { lines, counts, stillOpen } = JSON.parse(stdout) as Pick<
    Probed,
    'counts' | 'stillOpen'
  > & { readonly lines: readonly { name: string; outcome: string; remedy?: string }[] }
  const admitted = lines.filter(({ outcome }) => outcome === 'admitted')
  return {
    status,
    stderr,
    issuer,
    counts,
    stillOpen,
    admitted: admitted.map(({ name }) => name),
    remedies: Object.fromEntries(admitted.map(({ name, remedy = '' }) => [name, remedy])),
  }
}

/** Starts a prober with a test issuer, then a relying party that trusts it. @returns what the prober found */
export const probeParty = async (
  { run, certificate, address = 'http://127.0.0.1:PORT/', more = [] }: Probing,
  start: StartParty,
): Promise<Probed> => {
  const port = await reservePort()
  const front = await startFront(certificate, port)
  const passage = await startPassage()
  const issuer = `https://localhost:${front.port}`
  const url = address.replace('PORT', String(passage.port))
  let heard = ''
  let end = (): void => undefined
  let party: Party | undefined
  try {
    const args = ['--audience', AUDIENCE, '--test-issuer', String(port)]
    const options = ['--test-issuer-url', issuer, '--wait', String(WAIT_SECONDS), '--json']
    const probed = run(['probe', url, ...args, ...options, ...more], (said, toEnd) => {
      heard = said
      end = toEnd
    })
    const answers = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined
    await waitUntil(answers, { seconds: START_SECONDS, what: 'the test issuer' })
    party = await start(issuer, (at) => {
      passage.leadTo(at)
      const isIn = (): boolean => heard.includes('the door admits a good token')
      return waitUntil(isIn, { seconds: ADMITS_SECONDS, what: 'admitted' }).then(
        () => true,
        () => false,
      )
    })
    passage.leadTo(party.url)
    return read(await probed, issuer)
  } finally {
    end()
    await party?.stop()
    await passage.close()
    await front.close()
  }
}
