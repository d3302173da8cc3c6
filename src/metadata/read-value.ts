// Reads the text of an item by the form of the item.

import type { ItemForm } from './items.ts'
import { isName } from './path.ts'

/** The type of the value for each form. */
export interface ValueOfForm {
  /** The text as it is. */
  readonly text: string
  /** A number. */
  readonly number: number
  /** The words of the text. */
  readonly lines: readonly string[]
  /** Of any shape: the documentation defines it only for `private-ipv4s`. */
  readonly json: readonly unknown[]
  /** Unix seconds. */
  readonly time: number
  /** The names of a listing, without slashes. */
  readonly names: readonly string[]
  /** Addresses, or blocks of them. */
  readonly addresses: readonly string[]
}

/** Addresses and blocks, IPv4 and IPv6. */
const ADDRESS = /^[0-9A-Fa-f:.]{2,45}(?:\/\d{1,3})?$/
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

/** A line of a listing. */
export interface ListedLine {
  readonly line: string
  /** Whether it is a name; one of a folder has a slash at its end. */
  readonly isName: boolean
}

/**
 * Reads a listing: a name a line.
 * @param folder below the version, with its slash: what a name may be depends on it
 * @returns `undefined` if it is not a listing: it has lines, but no line is a name
 */
export const readListing = (text: string, folder: string): readonly ListedLine[] | undefined => {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const read = lines.map((line) => ({ line, isName: isName(folder, line.replace(/\/$/, '')) }))
  return lines.length === 0 || read.some((one) => one.isName) ? read : undefined
}

/** The documentation has `["a"]`, `[a]` and `a`. */
const readAddresses = (text: string): readonly string[] | undefined => {
  const found = text
    .replaceAll(/[[\]"',]/g, ' ')
    .split(/\s+/)
    .filter((one) => one !== '')
  return found.every((one) => ADDRESS.test(one)) ? found : undefined
}

const readNumber = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined

const readTime = (text: string): number | undefined => {
  const milliseconds = UTC_TIME.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000
}

const readJson = (text: string): readonly unknown[] | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : [value]
  } catch {
    return undefined
  }
}

const READERS: {
  readonly [F in ItemForm]: (text: string, path: string) => ValueOfForm[F] | undefined
} = {
  text: (text) => text,
  number: (text) => readNumber(text.trim()),
  lines: words,
  json: readJson,
  time: (text) => readTime(text.trim()),
  names: (text, path) =>
    readListing(text, path)
      ?.filter(({ isName }) => isName)
      .map(({ line }) => line.replace(/\/$/, '')),
  addresses: readAddresses,
}

/**
 * Reads an item's text.
 * @param path of the item, with a slash at its end if it is a folder
 * @returns `undefined` if it is not of the form
 */
export const readValue = <F extends ItemForm>(
  form: F,
  text: string,
  path: string,
): ValueOfForm[F] | undefined => READERS[form](text, path)
