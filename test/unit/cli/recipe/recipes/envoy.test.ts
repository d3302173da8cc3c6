// The file of Envoy, as a reader of YAML sees it: nothing here can start Envoy.

import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type TypedOptions, fillRecipe } from '../../../../../src/cli/recipe/fill.ts'
import { envoy } from '../../../../../src/cli/recipe/recipes/envoy.ts'

const USUAL = {
  issuer: 'https://issuer.test',
  audience: 'https://door.test',
  role: ['node-role'],
} as const

describe('the configuration of Envoy', () => {
  const rendered = (typed: TypedOptions): string => {
    const values = fillRecipe(envoy, { ...USUAL, ...typed })
    const [file] = envoy.files(values)
    return JSON.stringify(parse(file?.text ?? '', { strict: true }))
  }

  it('has hosts as text and ports as numbers, whatever YAML could take them for', () => {
    for (const host of ['1e3', 'true', 'null', '192.0.2.1', 'a.b']) {
      const text = rendered({ host, upstream: `${host}:4712` })
      expect(text).toContain(`"domains":["${host}","${host}:*"]`)
      expect(text).toContain(`"host_rewrite_literal":"${host}"`)
      expect(text).toContain(`{"address":"${host}","port_value":4712}`)
    }
  })

  it('has IPv6 addresses without brackets, and no SNI for them', () => {
    const plain = rendered({ issuer: 'http://[::1]:4713', listen: '[::1]:4711' })
    expect(plain).toContain('{"address":"::1","port_value":4711}')
    expect(plain).toContain('{"address":"::1","port_value":4713}')
    const secure = rendered({ issuer: 'https://[::1]' })
    expect(secure).toContain('{"address":"::1","port_value":443}')
    expect(secure).toContain('"san_type":"IP_ADDRESS","matcher":{"exact":"::1"}')
    expect(secure).not.toContain('"sni"')
    expect(rendered({})).toContain('"sni":"issuer.test"')
  })

  it('listens at an IP address, since Envoy looks up no name there', () => {
    expect(() => rendered({ listen: 'localhost:4711' })).toThrow(/expected IP:PORT$/)
  })
})
