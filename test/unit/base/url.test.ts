// Reading URLs, also after many: Node 20 has a fault in `URL.canParse()` that shows only then.

import { describe, expect, it } from 'vitest'
import { parseUrl } from '../../../src/base/url.ts'
import { readProjectFile, typeScriptFiles } from '../../support/sources.ts'

describe('parseUrl()', () => {
  it.each([
    ['https://app.test/a?b#c', 'https://app.test/a?b#c'],
    ['https://bücher.test', 'https://xn--bcher-kva.test/'],
    ['redis://:w%C3%B6rt@app.test', 'redis://:w%C3%B6rt@app.test'],
  ])('reads %s', (text, href) => {
    expect(parseUrl(text)?.href).toBe(href)
  })

  it.each(['', '/a', 'app.test', 'https://', 'https://a b', 'https://app.test:99999'])(
    'takes %j for none',
    (text) => {
      expect(parseUrl(text)).toBeUndefined()
    },
  )

  it('reads a letter beyond ASCII after many calls, too', () => {
    const missed = Array.from({ length: 50_000 }, () => parseUrl('https://bücher.test')).filter(
      (url) => url === undefined,
    )
    expect(missed).toEqual([])
  })
})

describe('the sources', () => {
  it('ask parseUrl() and not URL.canParse()', () => {
    const own = 'src/base/url.ts'
    const files = [...typeScriptFiles('src'), ...typeScriptFiles('functions')]
    expect(
      files.filter((path) => path !== own && readProjectFile(path).includes('canParse')),
    ).toEqual([])
  })
})
