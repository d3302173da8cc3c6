// What is told to people on standard error. No message holds a token or a key, whatever was typed.

import { thisRun } from './run.ts'

const TOKEN = /[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g
const JWK = /\{[^{}]*"kty"[^{}]*\}/g

/** A text without what looks like a token or a key: somebody may have typed one where none belongs. */
export const redact = (text: string): string =>
  text.replaceAll(JWK, '[a key]').replaceAll(TOKEN, '[a token]')

/** Whether a text is, or holds, a token or a key. */
export const looksSecret = (text: string): boolean => redact(text) !== text

/** Tells people something, a line. */
export const say = (line: string): void =>
  void thisRun().stderr.write(`rollcall: ${redact(line)}\n`)
