// A program that uses Alibaba Cloud by its official SDK, in a process of its own: it prints the security token that it
// has, each time that another one comes. All but the address of STS comes from the environment.

import AlibabaCredential, { Config } from '@alicloud/credentials'
import { setTimeout as wait } from 'node:timers/promises'

// A CommonJS package: its class is the default of the default.
const { default: Credential } = AlibabaCredential as unknown as {
  readonly default: typeof AlibabaCredential
}
const credential = new Credential(
  new Config({ type: 'oidc_role_arn', stsEndpoint: process.env['STS_ENDPOINT'] }),
)

let last = ''
for (;;) {
  const { securityToken = '' } = await credential.getCredential()
  if (securityToken !== last) console.log(securityToken)
  last = securityToken
  await wait(200)
}
