// The text of an item, read in the form that the item has.

import type { ItemForm } from './items.ts'

/** What an item of a form is read into. */
export interface ValueOfForm {
  readonly text: string
  readonly number: number
  readonly lines: readonly string[]
  /** Of any shape: the documentation doesn't fix it, but for `private-ipv4s`. */
  readonly json: readonly unknown[]
  /** Unix seconds. */
  readonly time: number
  readonly names: readonly string[]
}

/** A name in a listing: nothing in it can lead out of its folder. */
const NAME = /^(?!\.{1,2}\/?$)[A-Za-z0-9._:@=+-]{1,128}\/?$/
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

/**
 * Reads a listing: a name a line, those of folders with a slash at the end.
 * @returns `undefined` if it is none
 */
export const readListing = (text: string): readonly string[] | undefined => {
  const names = text.split(/\r?\n/).filter((name) => name !== '')
  return names.every((name) => NAME.test(name)) ? names : undefined
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

const READERS: { readonly [F in ItemForm]: (text: string) => ValueOfForm[F] | undefined } = {
  text: (text) => text,
  number: (text) => readNumber(text.trim()),
  lines: words,
  json: readJson,
  time: (text) => readTime(text.trim()),
  names: (text) => readListing(text)?.map((name) => name.replace(/\/$/, '')),
}

/** Reads an item's text. @returns `undefined` if it is not of the form */
export const readValue = <F extends ItemForm>(form: F, text: string): ValueOfForm[F] | undefined =>
  READERS[form](text)
