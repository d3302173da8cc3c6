// Mutants of evidence: one change each, to an element of the structure or to a byte.

import {
  type DerNode,
  allNodes,
  der,
  encodeDer,
  nullNode,
  objectIdentifier,
  parseDer,
  primitive,
} from './der-tree.ts'
import { type Random, pick } from './random.ts'
import { OID, attribute } from './test-cloud.ts'

/** A changed piece of evidence. */
export interface Mutant {
  /** What was changed. */
  readonly change: string
  readonly der: Uint8Array
}

type TreeChange = (node: DerNode, random: Random, root: DerNode) => void

const OIDS = [
  '1.2.840.113549.1.7.1',
  '1.2.840.113549.1.7.2',
  '1.2.840.113549.1.1.1',
  '1.2.840.113549.1.1.5',
  '1.2.840.113549.1.1.11',
  '1.3.14.3.2.26',
  '2.16.840.1.101.3.4.2.1',
  '1.2.840.113549.2.5',
]

const children = (node: DerNode): DerNode[] => (node.children ??= [])
const isConstructed = (node: DerNode): boolean => node.children !== undefined

/** Changes to any element. */
const CHANGES: Readonly<Record<string, TreeChange>> = {
  'not the expected tag': (node, random) => void (node.tag ^= 1 << random(8)),
  'a length in its long form': (node) => {
    const { length } = encodeDer({ ...node })
    const content = isConstructed(node)
      ? children(node).reduce((sum, child) => sum + encodeDer(child).length, 0)
      : (node.contents?.length ?? length)
    node.forcedLength = [0x84, 0, 0, content >> 8, content & 0xff]
  },
  'a wrong length': (node, random) => void (node.forcedLength = [random(128)]),
}

/** Changes to elements that have members. */
const CONSTRUCTED: Readonly<Record<string, TreeChange>> = {
  'a member removed': (node, random) =>
    void children(node).splice(random(Math.max(1, children(node).length)), 1),
  'a member doubled': (node, random) => {
    const at = random(Math.max(1, children(node).length))
    const member = children(node)[at]
    if (member !== undefined) children(node).splice(at, 0, member)
  },
  'members in the other order': (node) => void (node.children = children(node).toReversed()),
  'a NULL added': (node) => void children(node).push(nullNode()),
  'an empty [0] added': (node) => void children(node).push(der(0xa0)),
  'an empty [1] added': (node) => void children(node).push(der(0xa1)),
  'an unsigned attribute added': (node) =>
    void children(node).push(der(0xa1, attribute(OID.contentType, objectIdentifier(OID.data)))),
  'an element of another place put in': (node, random, root) => {
    const copy = parseDer(encodeDer(pick(random, allNodes(root))))
    children(node).splice(random(children(node).length + 1), 0, copy)
  },
}

/** Changes to elements that have contents. */
const PRIMITIVE: Readonly<Record<string, TreeChange>> = {
  'no contents': (node) => void (node.contents = new Uint8Array()),
  'a zero byte before the contents': (node) =>
    void (node.contents = Uint8Array.of(0, ...(node.contents ?? []))),
  'a byte after the contents': (node, random) =>
    void (node.contents = Uint8Array.of(...(node.contents ?? []), random(256))),
  'a changed byte': (node, random) => {
    const contents = Uint8Array.from(node.contents ?? [])
    if (contents.length > 0) contents[random(contents.length)] = random(256)
    node.contents = contents
  },
  'another object identifier': (node, random) => {
    if (node.tag === 0x06)
      node.contents = objectIdentifier(pick(random, OIDS)).contents as Uint8Array
  },
  'the contents in two parts, as BER has it': (node) => {
    const contents = node.contents ?? new Uint8Array()
    const half = contents.length >> 1
    node.children = [
      primitive(node.tag, contents.slice(0, half)),
      primitive(node.tag, contents.slice(half)),
    ]
    node.tag |= 0x20
    delete node.contents
  },
}

const mutateTree = (bytes: Uint8Array, random: Random): Mutant => {
  const root = parseDer(bytes)
  const node = pick(random, allNodes(root))
  const fitting = { ...CHANGES, ...(isConstructed(node) ? CONSTRUCTED : PRIMITIVE) }
  const name = pick(random, Object.keys(fitting))
  const where = `element ${allNodes(root).indexOf(node)}, tag ${node.tag}`
  fitting[name]?.(node, random, root)
  return { change: `${name} (${where})`, der: encodeDer(root) }
}

const mutateBytes = (bytes: Uint8Array, random: Random): Mutant => {
  const at = random(bytes.length)
  const before = bytes.subarray(0, at)
  const after = bytes.subarray(at + 1)
  const byte = random(256)
  const [name, parts] = pick<[string, (Uint8Array | number[])[]]>(random, [
    ['a bit flipped', [before, [(bytes[at] as number) ^ (1 << random(8))], after]],
    ['a byte overwritten', [before, [byte], after]],
    ['a byte inserted', [before, [byte], bytes.subarray(at)]],
    ['a byte removed', [before, after]],
    ['cut off', [before]],
    ['a byte after the end', [bytes, [byte]]],
  ])
  return {
    change: `${name} at ${at}`,
    der: Uint8Array.from(parts.flatMap((part) => Array.from(part))),
  }
}

/** Makes one mutant: a change of the structure, or of bytes. */
export const mutate = (bytes: Uint8Array, random: Random): Mutant =>
  random(2) === 0 ? mutateTree(bytes, random) : mutateBytes(bytes, random)
