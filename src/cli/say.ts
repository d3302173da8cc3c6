// Messages to people on standard error. No message shows a token or a key, even if the user typed
// one.

import { thisRun } from './run.ts'

const TOKEN = /[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g
const JWK = /\{[^{}]*"kty"[^{}]*\}/g

/**
 * Replaces everything that looks like a token or a key: the user may have typed one in the wrong
 * place.
 */
export const redact = (text: string): string =>
  text.replaceAll(JWK, '[a key]').replaceAll(TOKEN, '[a token]')

/** Whether a text is or contains a token or a key. */
export const looksSecret = (text: string): boolean => redact(text) !== text

/** Prints one line for people. */
export const say = (line: string): void =>
  void thisRun().stderr.write(`rollcall: ${redact(line)}\n`)
