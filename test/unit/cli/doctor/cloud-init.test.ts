// What `doctor` says of HttpTokens=required: never without its conditions.

import { describe, expect, it } from 'vitest'
import { plainRequestsAdvice } from '../../../../src/cli/doctor/cloud-init.ts'

describe('plainRequestsAdvice()', () => {
  it.each<[string, string | undefined, RegExp]>([
    ['win32', undefined, /^leave that as it is: Windows/],
    ['linux', undefined, /^before you set .*23\.2\.2 or newer.*ImdsSupport=v2$/],
    ['linux', '22.4.2', /^leave that as it is: .*22\.4\.2 finds no user data, 23\.2\.2 does$/],
    ['linux', '23.2.1', /^leave that as it is/],
    ['linux', '23.2', /^leave that as it is/],
    ['linux', '0.7.9', /^leave that as it is/],
    ['linux', '23.2.2', /^HttpTokens=required ends that; .*ImdsSupport=v2$/],
    ['linux', '23.10', /^HttpTokens=required ends that/],
    ['linux', '24.1.3', /^HttpTokens=required ends that/],
  ])('on %s with cloud-init %s', (platform, version, advice) => {
    expect(plainRequestsAdvice(platform, version)).toMatch(advice)
  })
})
