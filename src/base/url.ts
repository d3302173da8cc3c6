// Reads a URL that may be none. `URL.canParse()` is not used: in Node 20, once V8 has compiled its caller, it says
// false of every URL with a letter such as "ü" (an optimized call takes Latin-1 for UTF-8).

/** Reads an absolute URL (WHATWG URL Standard). @returns `undefined` for a text that is none */
export const parseUrl = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
