// That a text holds no token: what an answer or an event may never have.

import { expect } from 'vitest'

/**
 * A JWS or a part of one. Its header begins `eyJ`, which ids in base64url may hold by chance; so it counts only
 * where a word begins, before a dot or at a length that no id has.
 */
const TOKEN = /(?<![\w-])eyJ(?:[\w-]*\.|[\w-]{41,})/

/** Fails if a text holds a token or a proof. */
export const expectNoToken = (text: string): void => {
  expect(text).not.toMatch(TOKEN)
}
