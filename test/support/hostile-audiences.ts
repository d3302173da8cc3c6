// Audiences of characters that some format of a recipe takes for its own.

/** An audience of every character that a policy accepts. */
export const EVERY: string = Array.from({ length: 0x7e - 0x20 }, (_, at) =>
  String.fromCharCode(0x21 + at),
).join('')
/** Texts that are code in some format. */
export const HOSTILE: readonly string[] = [
  EVERY,
  `a"b'c\\"d\\\\'`,
  '$(id>pwned)`id>pwned`',
  '{{env`A`}}{env.A}%s${A}',
]
