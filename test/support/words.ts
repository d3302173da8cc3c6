// The words of the project's files, against the rules for them.

import type { Prose } from './words/prose.ts'
import { MAX_WORDS, WORD_RULES, type WordException } from './words/rules.ts'
import { hashComments, pageProse, shellMessages } from './words/text-prose.ts'
import { typeScriptProse } from './words/typescript-prose.ts'

/** The prose of a file that the project keeps; none for files that hold data. */
export const proseIn = (path: string, text: string): readonly Prose[] => {
  if (path.endsWith('.md')) return pageProse(text)
  if (/\.(?:ts|mjs)$/.test(path)) {
    return typeScriptProse(
      path,
      text,
      /^(?:src|functions)\//.test(path) ? 'messages' : 'test names',
    )
  }
  if (path.endsWith('.sh')) return [...hashComments(text), ...shellMessages(text)]
  if (/\.(?:yaml|yml|toml|service|tf|py)$|^Dockerfile$/.test(path)) return hashComments(text)
  return []
}

/** The exception that a match stands in. */
const exceptionAt = (
  { text }: Prose,
  [from, to]: readonly [number, number],
  exceptions: readonly WordException[],
): WordException | undefined => {
  const flat = text.replaceAll('\n', ' ')
  return exceptions.find((exception) => {
    const start = flat.lastIndexOf(exception.text, from)
    return start !== -1 && start + exception.text.length >= to
  })
}

const longSentences = (text: string): string[] =>
  text
    .split(/[.!?](?=\s)|\n/)
    .map((sentence) => sentence.trim().split(/\s+/))
    .filter((words) => words.filter((word) => /[\p{L}\d]/u.test(word)).length > MAX_WORDS)
    .map((words) => words.slice(0, 6).join(' '))

/** What was found in a file. */
export interface WordReport {
  /** File, line, word, why, and what to write; one text each. */
  readonly problems: readonly string[]
  /** The exceptions that were needed. */
  readonly used: readonly WordException[]
}

/**
 * The words of a file that break a rule, and the sentences of its messages that are too long.
 * @param exceptions of all files; those of others are left out
 */
export const wordReport = (
  path: string,
  text: string,
  exceptions: readonly WordException[] = [],
): WordReport => {
  const own = exceptions.filter(({ file }) => file === path)
  const problems: string[] = []
  const used = new Set<WordException>()
  for (const prose of proseIn(path, text)) {
    for (const { pattern, why, instead } of WORD_RULES) {
      for (const { 0: word, index } of prose.text.matchAll(pattern)) {
        const exception = exceptionAt(prose, [index, index + word.length], own)
        if (exception !== undefined) used.add(exception)
        else {
          const shown = word.replaceAll(/\s+/g, ' ')
          problems.push(`${path}:${prose.lineAt(index)}: "${shown}": ${why}; write ${instead}`)
        }
      }
    }
    if (prose.kind !== 'message') continue
    const exception = own.find(({ text: part }) => prose.text.includes(part))
    const long = longSentences(prose.text)
    if (long.length > 0 && exception !== undefined) used.add(exception)
    else {
      for (const start of long) {
        const place = `${path}:${prose.lineAt(prose.text.indexOf(start))}`
        problems.push(
          `${place}: "${start} ...": a sentence of a message has at most ${MAX_WORDS} words; split it or cut it`,
        )
      }
    }
  }
  return { problems, used: [...used] }
}
