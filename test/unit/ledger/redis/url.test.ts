// The URL of a Redis ledger.

import { describe, expect, it } from 'vitest'
import { parseRedisUrl } from '../../../../src/ledger/redis/url.ts'
import { createRedisLedger } from '../../../../src/ledger/redis/redis.ts'

const SECRET = 'Geheim-9731'
const PLAIN = {
  secure: false,
  host: 'redis.example',
  port: 6379,
  username: undefined,
  password: undefined,
  database: 0,
  prefix: 'rollcall:',
  cluster: false,
  allowUnsafe: false,
}

/** What a URL is refused with. */
const refusalOf = (text: string): string => {
  try {
    parseRedisUrl(text)
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError)
    return (error as RangeError).message
  }
  throw new Error(`not refused: ${text}`)
}

describe('parseRedisUrl()', () => {
  it.each([
    ['a host alone', 'redis://redis.example', {}],
    ['a slash at the end', 'redis://redis.example/', {}],
    ['a port', 'redis://redis.example:6380', { port: 6380 }],
    ['a database', 'redis://redis.example/15', { database: 15 }],
    ['a database 0 with a cluster', 'redis://redis.example/0?cluster=true', { cluster: true }],
    ['TLS', 'rediss://redis.example', { secure: true }],
    ['a password', 'redis://:pw@redis.example', { password: 'pw' }],
    ['user and password', 'redis://me:pw@redis.example', { username: 'me', password: 'pw' }],
    [
      'odd characters',
      'redis://m%40e:p%2Fw%3A%23%3F%25%20%C3%A9+@redis.example',
      { username: 'm@e', password: 'p/w:#?% é+' },
    ],
    ['a prefix', 'redis://redis.example?prefix=a.b-c_D:9:', { prefix: 'a.b-c_D:9:' }],
    ['a cluster', 'redis://redis.example?cluster=true', { cluster: true }],
    ['a server that may forget', 'redis://redis.example?allow-unsafe=true', { allowUnsafe: true }],
    ['all', 'rediss://u:p@h:1/?cluster=true&prefix=x', undefined],
    ['an IPv4 address', 'redis://127.0.0.1', { host: '127.0.0.1' }],
    ['an IPv6 address', 'redis://[::1]:6380', { host: '::1', port: 6380 }],
  ])('reads %s', (_, text, expected) => {
    const all = { ...PLAIN, secure: true, host: 'h', port: 1, username: 'u', password: 'p' }
    const target = expected && { ...PLAIN, ...expected }
    expect(parseRedisUrl(text)).toEqual(target ?? { ...all, cluster: true, prefix: 'x' })
  })

  it.each([
    ['nothing', '', 'expected redis://'],
    ['another scheme', `http://:${SECRET}@redis.example`, 'expected redis://'],
    ['a scheme in capitals', `REDIS://:${SECRET}@redis.example`, 'expected redis://'],
    ['no slashes', `redis:${SECRET}@redis.example`, 'expected redis://'],
    ['white space', `redis://:${SECRET}@redis.example `, 'expected redis://'],
    ['a line break in it', `redis://:${SECRET}\n@redis.example`, 'expected redis://'],
    ['no host', 'redis://', 'expected redis://'],
    ['no host but a database', 'redis:///0', 'host'],
    ['no host but a password', `redis://:${SECRET}@`, 'expected redis://'],
    ['no host but a port', `redis://:${SECRET}@:6379`, 'expected redis://'],
    ['several hosts', `redis://:${SECRET}@a,b`, 'host'],
    ['an escaped host', `redis://:${SECRET}@a%2fb`, 'host'],
    ['the port 0', `redis://:${SECRET}@redis.example:0`, 'port'],
    ['a port too high', `redis://:${SECRET}@redis.example:65536`, 'expected redis://'],
    ['a port of letters', `redis://:${SECRET}@redis.example:x`, 'expected redis://'],
    ['a user without password', `redis://${SECRET}@redis.example`, 'without a password'],
    ['a broken escape', `redis://:${SECRET}%zz@redis.example`, '%25'],
    ['an escape of no UTF-8', `redis://:${SECRET}%ff@redis.example`, '%25'],
    ['a # in the password', `redis://:a#${SECRET}@redis.example`, '%23'],
    ['a ? in the password', `redis://:a?${SECRET}@redis.example`, '%XX'],
    ['a / in the password', `redis://:a/${SECRET}@redis.example`, '%XX'],
    ['a ? after digits', `redis://h:1?${SECRET}@redis.example`, 'parameter'],
    ['a fragment', `redis://:${SECRET}@redis.example/0#x`, '%23'],
    ['an empty fragment', `redis://:${SECRET}@redis.example/0#`, '%23'],
    ['a database of letters', `redis://:${SECRET}@redis.example/x`, 'database'],
    ['a database below 0', `redis://:${SECRET}@redis.example/-1`, 'database'],
    ['a database with a zero before', `redis://:${SECRET}@redis.example/01`, 'database'],
    ['a longer path', `redis://:${SECRET}@redis.example/0/1`, 'database'],
    ['a cluster and a database', `redis://:${SECRET}@h/1?cluster=true`, 'cluster'],
    ['cluster=false', `redis://:${SECRET}@h?cluster=false`, 'cluster=true'],
    ['an empty cluster', `redis://:${SECRET}@h?cluster=`, 'cluster=true'],
    ['cluster twice', `redis://:${SECRET}@h?cluster=true&cluster=true`, 'twice'],
    ['allow-unsafe=1', `redis://:${SECRET}@h?allow-unsafe=1`, 'allow-unsafe=true'],
    ['prefix twice', `redis://:${SECRET}@h?prefix=a&prefix=b`, 'twice'],
    ['an empty prefix', `redis://:${SECRET}@h?prefix=`, 'prefix'],
    ['a prefix too long', `redis://:${SECRET}@h?prefix=${'x'.repeat(65)}`, 'prefix'],
    ['a prefix with a glob', `redis://:${SECRET}@h?prefix=a*`, 'prefix'],
    ['a prefix with a slot of its own', `redis://:${SECRET}@h?prefix={a}`, 'prefix'],
    ['a parameter not known', `redis://:${SECRET}@h?tls=true`, 'unknown parameter'],
    ['a parameter in capitals', `redis://:${SECRET}@h?Cluster=true`, 'unknown parameter'],
  ])('refuses %s', (_, text, part) => {
    const message = refusalOf(text)
    expect(message).toContain(part)
    expect(message).not.toContain(SECRET)
  })
})

describe('createRedisLedger()', () => {
  it('refuses what the URL is refused for, and options that do not go with it', () => {
    const url = `redis://:${SECRET}@redis.example`
    const cases = [
      { url: `${url}/x` },
      { url, prefix: 'a*' },
      { url, prefix: '' },
      { url: `${url}/1`, cluster: true },
      { url, tls: { ca: 'x' } },
    ]
    for (const options of cases) expect(() => createRedisLedger(options)).toThrow(RangeError)
  })
})
