// FNV-1a over a text's characters, 32 bits: spreads them evenly, and is the same everywhere. It notices a
// change, not an attack.

/** Hashes a text. @returns a whole number below 2^32 */
export const hashText = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
