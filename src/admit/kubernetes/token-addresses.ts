// Which addresses tokens attest for Nodes, by the requests that were in the cluster: the API server writes the user of a
// request. For an approver that cannot ask for records. Pure but for what it keeps.

import { type AttestationRules, addressInExtra } from './attestation.ts'
import type { CsrObject } from './csr-object.ts'

/**
 * How long an address is kept after its request was made, in seconds. A token is valid for an hour, and attests a request
 * for an hour more. Kubernetes itself deletes a request that was decided after an hour.
 */
const KEPT_SECONDS = 7200

/** What tokens attested. */
export interface TokenAddresses {
  /** Reads the users of requests that authenticated with a token, and forgets what is older than two hours. */
  see(csrs: Iterable<CsrObject>, now: number): void
  /** The addresses of a Node's tokens in the last two hours. @param name the name of the Node */
  of(name: string): readonly string[]
}

/** What `createTokenAddresses()` is configured with. */
export interface TokenAddressRules extends AttestationRules {
  /** What the names of users begin with; the name of the node follows. */
  readonly userPrefixes: readonly string[]
}

/** Makes one that has seen nothing. */
export const createTokenAddresses = (rules: TokenAddressRules): TokenAddresses => {
  /** When the latest request of a Node with an address was made, in Unix seconds. */
  const seen = new Map<string, Map<string, number>>()
  /** Each is read once: the user of a request never changes. */
  const read = new WeakSet<CsrObject>()

  const add = (csr: CsrObject): void => {
    read.add(csr)
    const address = addressInExtra(csr, rules)
    const prefix = rules.userPrefixes.find((it) => csr.username.startsWith(it))
    const madeAt = Date.parse(csr.createdAt) / 1000
    if (address === undefined || prefix === undefined || Number.isNaN(madeAt)) return
    const name = csr.username.slice(prefix.length)
    const addresses = seen.get(name) ?? new Map<string, number>()
    addresses.set(address, Math.max(madeAt, addresses.get(address) ?? 0))
    seen.set(name, addresses)
  }

  const forgetBefore = (time: number): void => {
    for (const [node, addresses] of seen) {
      for (const [address, madeAt] of addresses) if (madeAt < time) addresses.delete(address)
      if (addresses.size === 0) seen.delete(node)
    }
  }

  return {
    see(csrs, now) {
      for (const csr of csrs) if (!read.has(csr)) add(csr)
      forgetBefore(now - KEPT_SECONDS)
    },
    of: (name) => [...(seen.get(name)?.keys() ?? [])],
  }
}
