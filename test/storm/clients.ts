// The instances of a storm enroll, each by `enrollInstance()`: the client's own back-off, limits and checks. Dishonest
// ones use it as well, with evidence that lies.

import { ENROLL_PATH } from '../../src/base/wire/paths.ts'
import type { Fetch } from '../../src/client/call.ts'
import { ClientError } from '../../src/client/client-error.ts'
import { type DpopKey, createDpopKey } from '../../src/client/dpop-key.ts'
import { enrollInstance } from '../../src/client/enroll.ts'
import { parsePrivateKey } from '../../src/client/private-key.ts'
import { type Evidence, createMetadataClient } from '../../src/metadata/index.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import type { Actor, Role } from './cast.ts'
import type { Cloud } from './cloud.ts'
import { type Seen, dishonestEvidence } from './dishonest.ts'
import type { Transport } from './transport.ts'

/** A token that arrived at a client. */
export interface ReceivedToken {
  readonly actor: Actor
  /** The challenge that the evidence was for. */
  readonly challenge: string
  readonly token: string
  /** The thumbprint of the key that it must be bound to. */
  readonly jkt: string | undefined
}

/** How the enrollment of an instance ended. */
export interface Ending {
  readonly actor: Actor
  /** `refused`: the service said no. `failed`: the client gave up, or got something unexpected. */
  readonly outcome: 'token' | 'refused' | 'failed'
  /** Why there is no token. */
  readonly detail: string
  /** From boot to the end, in milliseconds. */
  readonly ms: number
}

/** See {@link createClients}. */
export interface Clients {
  enroll(actor: Actor): Promise<void>
  /** Every answer with a token, also those that were lost on the way to the client. */
  readonly tokens: readonly ReceivedToken[]
  readonly endings: readonly Ending[]
  /** Calls that failed and were made again. */
  readonly retries: number
  /** Instances that are enrolling now. */
  readonly inFlight: number
}

const SEEN_POLL_MS = 50

const newKey = async (): Promise<DpopKey> => {
  const { keys } = await generateSigningKeys('ES256')
  return createDpopKey(await parsePrivateKey(keys[0]))
}

const errorEnding = (error: unknown): Pick<Ending, 'outcome' | 'detail'> =>
  error instanceof ClientError && error.code === 'enrollment_refused'
    ? { outcome: 'refused', detail: error.message }
    : { outcome: 'failed', detail: String(error) }

/** Creates the clients. @param signal ends all of them */
export const createClients = (
  issuer: string,
  cloud: Cloud,
  transport: Transport,
  signal: AbortSignal,
): Clients => {
  const tokens: ReceivedToken[] = []
  const endings: Ending[] = []
  const latest = new Map<Role, Seen>()
  // One for each instance: thousands of listeners on one signal would cost more than the calls.
  const running = new Set<AbortController>()
  signal.addEventListener('abort', () => running.forEach((one) => one.abort(signal.reason)))
  // Only `evidence()` is called here, and that is replaced.
  const metadata = createMetadataClient()
  let [retries, inFlight] = [0, 0]

  const seen = async (role: Role): Promise<Seen> => {
    for (;;) {
      const found = latest.get(role)
      if (found !== undefined) return found
      signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, SEEN_POLL_MS))
    }
  }

  const evidenceFor = ({ kind, document }: Actor, audience: string): Promise<Evidence> =>
    kind === 'honest'
      ? cloud.sign(document, audience)
      : dishonestEvidence(kind, { cloud, seen }, document, audience)

  const enrollOne = async (actor: Actor, ended: AbortSignal): Promise<void> => {
    const { kind, role } = actor
    const dpopKey = role === 'bound-node' ? await newKey() : undefined
    let shown: Seen | undefined
    const fetch = transport.fetchFor((path, { status, text }) => {
      if (path !== ENROLL_PATH || status !== 200) return
      const { access_token: token } = JSON.parse(text) as { access_token: string }
      tokens.push({ actor, challenge: shown?.audience ?? '', token, jkt: dpopKey?.thumbprint })
    })
    const naming: Fetch = (url, init) => {
      // Without this, a client that posts the whole evidence of another instance gets its token, as documented.
      if (url.endsWith(ENROLL_PATH) && init.body instanceof URLSearchParams) {
        init.body.set('audience', shown?.audience ?? '')
      }
      return fetch(url, init)
    }
    await enrollInstance({
      issuer,
      role,
      dpopKey,
      signal: ended,
      fetch: kind === 'replayed' ? naming : fetch,
      onRetry: () => void retries++,
      metadata: {
        ...metadata,
        async evidence({ audience }) {
          const evidence = await evidenceFor(actor, audience)
          shown = { audience, evidence }
          return evidence
        },
      },
    })
    if (kind === 'honest' && shown !== undefined) latest.set(role, shown)
  }

  return {
    tokens,
    endings,
    get retries() {
      return retries
    },
    get inFlight() {
      return inFlight
    },
    async enroll(actor) {
      const began = performance.now()
      const own = new AbortController()
      running.add(own)
      inFlight++
      let ending: Pick<Ending, 'outcome' | 'detail'> = { outcome: 'token', detail: '' }
      try {
        await enrollOne(actor, own.signal)
      } catch (error) {
        ending = errorEnding(error)
      }
      inFlight--
      running.delete(own)
      endings.push({ actor, ...ending, ms: performance.now() - began })
    },
  }
}
