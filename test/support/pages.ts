// The pages of the documentation: their links and the anchors of their headings.

import { posix } from 'node:path'
import { keptFiles } from './sources.ts'

/** Every Markdown page of the project. */
export const pagePaths = (): string[] => keptFiles().filter((path) => path.endsWith('.md'))

/** A page without its fences, in which `#`, `[` and `|` mean something else. */
export const withoutFences = (markdown: string): string =>
  markdown.replaceAll(/^( *)(```+)[^]*?^\1\2$/gm, '')

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-')

/** The anchors of a page; a second heading with the same text gets `-1`, a third `-2`. */
export const anchorsOf = (markdown: string): Set<string> => {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6} +(.*)$/gm)) {
    const anchor = anchorOf(heading)
    let free = anchor
    for (let count = 1; anchors.has(free); count += 1) free = `${anchor}-${count}`
    anchors.add(free)
  }
  for (const [, id = ''] of markdown.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

/** Where the links of a page lead, addresses of other hosts included. Notes (`[^a]: ...`) are no links. */
export const linksOf = (markdown: string): string[] =>
  [
    ...withoutFences(markdown)
      .replaceAll(/(`+)[^`][^]*?\1/g, (code) => code.replaceAll(/[[\]()]/g, ' '))
      .matchAll(/\]\(([^\s)]+)(?:\s+"[^"]*")?\)|^\[(?!\^)[^\]]+\]: +(\S+)/gm),
  ].map(([, inline, reference]) => inline ?? (reference as string))

/** Reads a file of the project; `undefined` if there is none. */
export type ReadFile = (path: string) => string | undefined

/**
 * The links of a page that lead nowhere: the file is missing, or the page has no such heading.
 * @param path of the page, relative to the root
 * @param isFolder says whether a path is a folder of the project
 */
export const brokenLinks = (
  path: string,
  read: ReadFile,
  isFolder: (path: string) => boolean,
): string[] =>
  linksOf(read(path) ?? '').filter((link) => {
    if (/^[a-z][a-z+.-]*:/.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : posix.join(posix.dirname(path), file)
    if (isFolder(target.replace(/\/$/, ''))) return anchor !== undefined
    const text = read(target)
    if (text === undefined) return true
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(text).has(anchor)
  })
