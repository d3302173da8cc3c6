// Reads a URL from a text that may be something else. `URL.canParse()` is not used: in Node 20, once V8 has compiled
// its caller, it rejects every URL with a letter such as "ü" (an optimized call takes Latin-1 for UTF-8).

/** Reads an absolute URL (WHATWG URL Standard). @returns `undefined` for any other text */
export const parseUrl = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
