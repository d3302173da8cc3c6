// Values in the formats of recipes: each reader gives back the value, or the value is refused. Readers that are
// programs are in test/system/cli/recipe.test.ts.

import * as fc from 'fast-check'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  apache,
  haproxy,
  js,
  jsList,
  jsonFile,
  query,
  quoted,
  regex,
  sh,
  yaml,
} from '../../../../src/cli/recipe/quote.ts'

/** Printable ASCII, with those characters often that some format takes for its own. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\'"`\\$%{}[]()#;:,&|<>*!~ '),
    fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  ),
  minLength: 1,
  maxLength: 30,
})

/** What a reader of quoted words gives, with a backslash before quotes and backslashes. */
const unquote = (word: string, escaped: RegExp): string =>
  word.startsWith('"') ? word.slice(1, -1).replaceAll(escaped, '$1') : word

const refusalOf = (write: (value: string) => string, value: string): string | undefined => {
  try {
    write(value)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

describe('a value in the format of a recipe', () => {
  it('is read as it was by JSON, JavaScript and YAML', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(JSON.parse(quoted(value))).toBe(value)
        expect(JSON.parse(jsonFile({ a: [value, value] }))).toEqual({ a: [value, value] })
        expect(runInNewContext(js(value))).toBe(value)
        expect([...(runInNewContext(jsList([value, 'b'])) as string[])]).toEqual([value, 'b'])
        expect(parse(`a: ${yaml(value)}\nb: [${yaml(value)}]\n`)).toEqual({ a: value, b: [value] })
      }),
    )
  })

  it('is a plain word in YAML only if no reader takes it for a boolean, null or number', () => {
    for (const word of ['yes', 'no', 'on', 'off', 'true', 'false', 'null', 'y', 'n', '1e3', '~']) {
      expect([word, yaml(word)]).toEqual([word, JSON.stringify(word)])
    }
    expect(['worker', 'https://app.example'].map(yaml)).toEqual(['worker', 'https://app.example'])
  })

  it('is one word of Apache, or refused for what its expressions take for their own', () => {
    fc.assert(
      fc.property(text, (value) => {
        if (/"|[$%]\{|\$[0-9]|\\$/.test(value))
          expect(refusalOf(apache, value)).toMatch(/which Apache cannot hold as text$/)
        else expect(unquote(apache(value), /\\(["\\])/g)).toBe(value)
      }),
    )
    // Apache would compare with "a": a token for that audience got in.
    expect(refusalOf(apache, 'a$1')).toBe('"a$1" has $1, which Apache cannot hold as text')
  })

  it('is one text of HAProxy, or refused for a single quote', () => {
    expect(haproxy('a "b" $c')).toBe(`'a "b" $c'`)
    expect(refusalOf(haproxy, "it's")).toBe(`"it's" has ', which HAProxy cannot hold as text`)
  })

  it('is one word of a shell, whatever it has', () => {
    expect(sh('https://app.example')).toBe('https://app.example')
    expect(sh(`it's $HOME`)).toBe(`'it'\\''s $HOME'`)
    expect(sh('-rf')).toBe("'-rf'")
    expect(sh('~root')).toBe("'~root'")
  })

  it('is a parameter of a URL, of characters that every format holds', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(query(value)).toMatch(/^[A-Za-z0-9%._~-]+$/)
        expect(new URLSearchParams(`a=${query(value)}`).get('a')).toBe(value)
      }),
    )
  })

  it('is matched by its regular expression alone', () => {
    fc.assert(
      fc.property(text, text, (value, other) => {
        const pattern = new RegExp(`^${regex(value)}$`)
        expect([pattern.test(value), pattern.test(other)]).toEqual([true, other === value])
      }),
    )
  })
})
