// DER as a tree that tests take apart, change in one place and write again. A second, separate
// reader and writer: nothing of the code under test is used here.

/** An element: constructed with children, or primitive with contents. */
export interface DerNode {
  tag: number
  children?: DerNode[]
  contents?: Uint8Array
  /** Written in place of the length that the contents have. */
  forcedLength?: readonly number[]
}

const lengthOctets = (length: number): number[] => {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff]
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
}

export const encodeDer = (node: DerNode): Uint8Array => {
  const contents = node.contents ?? Buffer.concat((node.children ?? []).map(encodeDer))
  const length = node.forcedLength ?? lengthOctets(contents.length)
  return new Uint8Array(Buffer.concat([Uint8Array.of(node.tag, ...length), contents]))
}

const parseAt = (der: Uint8Array, at: number): { node: DerNode; end: number } => {
  const tag = der[at] as number
  let length = der[at + 1] as number
  let start = at + 2
  if (length >= 0x80) {
    const count = length & 0x7f
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (der[start++] as number)
  }
  const end = start + length
  if ((tag & 0x20) === 0) return { node: { tag, contents: der.slice(start, end) }, end }
  const children: DerNode[] = []
  while (start < end) {
    const child = parseAt(der, start)
    children.push(child.node)
    start = child.end
  }
  return { node: { tag, children }, end }
}

/** Parses DER that is known to be good. */
export const parseDer = (der: Uint8Array): DerNode => parseAt(der, 0).node

/** The element at a path of child numbers. */
export const nodeAt = (root: DerNode, ...path: readonly number[]): DerNode => {
  let node = root
  for (const index of path) {
    const child = node.children?.at(index)
    if (child === undefined) throw new RangeError(`no element at ${path.join('.')}`)
    node = child
  }
  return node
}

/** Every element of a tree, the root first. */
export const allNodes = (root: DerNode): DerNode[] => [
  root,
  ...(root.children ?? []).flatMap(allNodes),
]

export const der = (tag: number, ...children: DerNode[]): DerNode => ({ tag, children })
export const sequence = (...children: DerNode[]): DerNode => der(0x30, ...children)
export const setOf = (...children: DerNode[]): DerNode => der(0x31, ...children)
export const primitive = (tag: number, contents: Uint8Array): DerNode => ({ tag, contents })
export const integer = (...bytes: number[]): DerNode => primitive(0x02, Uint8Array.from(bytes))
export const octets = (contents: Uint8Array): DerNode => primitive(0x04, contents)
export const nullNode = (): DerNode => primitive(0x05, new Uint8Array())

export const objectIdentifier = (dotted: string): DerNode => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const septets = arc.toString(2).padStart(Math.ceil(arc.toString(2).length / 7) * 7, '0')
    const groups = septets.match(/.{7}/g) ?? []
    groups.forEach((group, i) =>
      bytes.push(Number.parseInt(group, 2) | (i < groups.length - 1 ? 0x80 : 0)),
    )
  }
  return primitive(0x06, Uint8Array.from(bytes))
}
