// Gets credentials of a RAM role with Alibaba Cloud's own package, and prints them: they are emulated ones.

import credentials from '@alicloud/credentials'

const { default: Credential, Config } = credentials
const credential = new Credential(new Config({ type: 'ecs_ram_role', disableIMDSv1: true }))
const { accessKeyId, accessKeySecret, securityToken } = await credential.getCredential()
// oxlint-disable-next-line no-console -- it is what this program is for
console.log(JSON.stringify({ accessKeyId, accessKeySecret, securityToken }))
process.exit(0)
