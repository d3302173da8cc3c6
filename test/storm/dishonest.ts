// What dishonest instances do. Each gets a challenge of the service, as every instance does, and answers it with
// evidence that must not be accepted.

import type { Evidence } from '../../src/metadata/index.ts'
import type { Cloud } from './cloud.ts'

/** Each kind, in words for the report. */
export const DISHONEST = {
  'tampered-document': 'posts a document with another instance id than the signed one',
  'tampered-content': 'changes its instance id inside of the signed content',
  forged: 'signs with another key under the name and serial number of the cloud',
  'other-account': 'has real evidence of an account that no role names',
  'banned-instance': 'has real evidence, and its instance is banned',
  'banned-image': 'has real evidence, and its image is banned',
  'made-up-challenge': 'has real evidence for a challenge that the service did not make',
  'spent-challenge': 'has real evidence for a challenge that another instance has used',
  replayed: 'posts the evidence of another instance for its own challenge',
  'stolen-bound': 'posts the evidence of another instance with a key of its own',
} as const

/** See {@link DISHONEST}. */
export type DishonestKind = keyof typeof DISHONEST

/** All kinds. */
export const DISHONEST_KINDS: readonly DishonestKind[] = Object.keys(DISHONEST) as DishonestKind[]

/** An enrollment that a dishonest instance saw. */
export interface Seen {
  readonly audience: string
  readonly evidence: Evidence
}

/** What a dishonest instance has at hand. */
export interface Tools {
  readonly cloud: Cloud
  /** The latest honest enrollment that succeeded; waits for one. */
  seen(role: 'node' | 'bound-node'): Promise<Seen>
}

const ID = /"instance-id":"i-([a-z0-9])/

/** The same text with another first character of the instance id: nothing else changes, not even a length. */
const changeId = (text: string): string =>
  text.replace(ID, (found, first: string) => found.slice(0, -1) + (first === 'x' ? 'y' : 'x'))

const changeContent = ({ document, pkcs7 }: Evidence): Evidence => {
  const bytes = Buffer.from(pkcs7, 'base64').toString('latin1')
  return {
    document: changeId(document),
    pkcs7: Buffer.from(changeId(bytes), 'latin1').toString('base64'),
  }
}

/** A challenge that differs in the last character only, which is of its authentication code. */
const makeUp = (audience: string): string =>
  audience.slice(0, -1) + (audience.endsWith('A') ? 'B' : 'A')

/** The evidence with which a dishonest instance answers a challenge. */
export const dishonestEvidence = async (
  kind: DishonestKind,
  { cloud, seen }: Tools,
  document: string,
  audience: string,
): Promise<Evidence> => {
  switch (kind) {
    case 'tampered-document':
      return { ...(await cloud.sign(document, audience)), document: changeId(document) }
    case 'tampered-content':
      return changeContent(await cloud.sign(document, audience))
    case 'forged':
      return cloud.forge(document, audience)
    case 'other-account':
    case 'banned-instance':
    case 'banned-image':
      return cloud.sign(document, audience)
    case 'made-up-challenge':
      return cloud.sign(document, makeUp(audience))
    case 'spent-challenge':
      return cloud.sign(document, (await seen('node')).audience)
    case 'replayed':
      return (await seen('node')).evidence
    case 'stolen-bound':
      return (await seen('bound-node')).evidence
  }
}
