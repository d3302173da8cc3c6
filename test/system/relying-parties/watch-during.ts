// Whether relying parties admit every token while something goes on, such as a rotation of the signing keys.

import type { VerifyingParty } from '../../generate/relying-parties.ts'
import type { RunningParty } from './parties.ts'

/** What came of it. */
export interface Watched {
  /** What each relying party answered to tokens that it did not admit. */
  readonly refusals: ReadonlyMap<VerifyingParty, readonly string[]>
  /** How many tokens each of them was shown at least. */
  readonly shown: number
}

/** Shows a fresh token to each relying party again and again, until the work is done. */
export const watchDuring = async (
  parties: ReadonlyMap<VerifyingParty, RunningParty>,
  getToken: () => Promise<string>,
  work: () => Promise<void>,
): Promise<Watched> => {
  const refusals = new Map<VerifyingParty, string[]>()
  const done = new AbortController()
  const watch = async (name: VerifyingParty, party: RunningParty): Promise<number> => {
    const said: string[] = []
    refusals.set(name, said)
    let shown = 0
    for (; !done.signal.aborted; shown++) {
      const { status } = await party.show(await getToken())
      if (status !== 200) said.push(`${status} at the token ${shown}`)
    }
    return shown
  }
  const watches = [...parties].map(([name, party]) => watch(name, party))
  await work().finally(() => done.abort())
  const counts = await Promise.all(watches)
  return { refusals, shown: Math.min(...counts) }
}
