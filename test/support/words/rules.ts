// The words that this project does not write, why, and what to write instead. A reader whose first
// language is another should understand each sentence at once.

/** One rule. */
export interface WordRule {
  /** A space matches any white space. Case does not matter. */
  readonly pattern: RegExp
  readonly why: string
  /** What to write instead. */
  readonly instead: string
}

const RIDDLE = 'a riddle by pronoun: the reader has to guess the thing'
const HOUSE = 'a word of this house, not of the field'
const OLD = 'stiff: a reader of plain English stumbles'
const TWICE = 'a double negation'

const rule = (pattern: string, why: string, instead: string): WordRule => ({
  pattern: new RegExp(pattern.replaceAll(' ', String.raw`\s+`), 'gi'),
  why,
  instead,
})

/** The rules. */
export const WORD_RULES: readonly WordRule[] = [
  rule(
    String.raw`\bwhat (?:can't|cannot|can not|isn't|is no|has no)\b`,
    RIDDLE,
    'name the thing, and say what happens to it',
  ),
  rule(
    String.raw`(?<!\bthere\s+)\b(?:is|are|was|were) none\b`,
    RIDDLE,
    'say what it is instead: "is not a time"',
  ),
  rule(String.raw`\bwho(?:so)?ever\b`, RIDDLE, '"anyone who", or name the person or program'),
  rule(String.raw`\bthat of\b`, RIDDLE, 'repeat the noun: "the key of the role"'),
  rule(String.raw`\binside of\b`, RIDDLE, '"inside", "in" or "within"'),
  rule(String.raw`\bcounts? no (?:more|longer)\b`, HOUSE, '"is no longer valid", "has expired"'),
  rule(
    String.raw`\bbinds\b(?! (?:(?:the|its|a) )?(?:enrollment )?tokens? to\b)`,
    HOUSE,
    '"applies to"; only a client binds a token to a key',
  ),
  rule(String.raw`\bremember(?:s|ed|ing)?\b`, HOUSE, '"stores", "keeps"'),
  rule(
    String.raw`\b(?:driver|ledger|store|redis|database|service)s?(?: that)? forgets?\b`,
    HOUSE,
    '"deletes", "loses"; only an operator forgets an instance',
  ),
  rule(String.raw`\bc(?:omes?|ame) again\b`, HOUSE, '"retries", "enrolls again", "is sent again"'),
  rule(String.raw`\b(?:is|are|was|were|be) away\b`, HOUSE, '"is unreachable", "is missing"'),
  rule(String.raw`\bmend(?:s|ed|ing)?\b`, HOUSE, '"problem", "correct", "repair"'),
  rule(String.raw`\bborn revoked\b`, HOUSE, '"is revoked at once"'),
  rule(String.raw`\b(?:is|are|was|were|be) told\b`, OLD, 'an active verb: "learns", "we tell X"'),
  rule(String.raw`\b(?:is|isn't|was) good\b`, OLD, '"is valid", "is accepted", "succeeds"'),
  rule(String.raw`\ball the same\b`, OLD, '"nevertheless", "still", "equal"'),
  rule(String.raw`\bto the letter\b`, OLD, '"exactly"'),
  rule(String.raw`\bseems? not to\b`, OLD, 'ask, or state it: "is this an ECS instance?"'),
  rule(
    String.raw`\bnot (?:un(?:able|like|known|common|usual|reachable|equal|changed)|impossible|invalid)\b`,
    TWICE,
    'state the positive case',
  ),
  rule(
    String.raw`\b(?:nothing|nobody|no one|none|never)(?: that| which| who)? (?:isn't|is not|can't|cannot|doesn't|does not|hasn't|has not|not)\b`,
    TWICE,
    'state the positive case',
  ),
  rule(
    String.raw`\bno \w+ (?:that|which|who) (?:isn't|is not|aren't|are not|can't|cannot|doesn't|does not|don't|hasn't|has no)\b`,
    TWICE,
    'state the positive case',
  ),
]

/** How many words a sentence of a message has at most. */
export const MAX_WORDS = 25

/** A place in which a rule does not hold. */
export interface WordException {
  readonly file: string
  /** The text around the word, as it stands in the file. */
  readonly text: string
  readonly reason: string
}
