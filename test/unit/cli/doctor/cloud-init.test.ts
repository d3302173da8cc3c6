// What `doctor` says of HttpTokens=required: never without its conditions.

import { describe, expect, it } from 'vitest'
import { plainRequestsAdvice } from '../../../../src/cli/doctor/cloud-init.ts'

describe('plainRequestsAdvice()', () => {
  it.each<[string, string | undefined, RegExp]>([
    ['win32', undefined, /^keep that: Windows/],
    ['linux', undefined, /^before you set .*23\.2\.2 or newer.*ImdsSupport=v2$/],
    ['linux', '22.4.2', /^keep that: .*22\.4\.2 finds no user data; it needs 23\.2\.2$/],
    ['linux', '23.2.1', /^keep that/],
    ['linux', '23.2', /^keep that/],
    ['linux', '0.7.9', /^keep that/],
    ['linux', '23.2.2', /^HttpTokens=required stops that; .*ImdsSupport=v2$/],
    ['linux', '23.10', /^HttpTokens=required stops that/],
    ['linux', '24.1.3', /^HttpTokens=required stops that/],
  ])('on %s with cloud-init %s', (platform, version, advice) => {
    expect(plainRequestsAdvice(platform, version)).toMatch(advice)
  })
})
