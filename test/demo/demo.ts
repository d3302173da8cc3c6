// `npm run demo`: the main job for real. The Worker in workerd, a metadata service that signs, the
// served bootstrap.sh in `sh`, and a relying party that knows only the issuer's URL.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startEmulator } from '../../src/cli/emulator-server.ts'
import type { EmulatedInstance } from '../../src/emulator/index.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import {
  type EnrollmentAnswer,
  getChallenge,
  getEvidence,
  postEvidence,
} from '../support/instance.ts'
import { reservePort } from '../support/ports.ts'
import { cleanEnvironment, waitUntil } from '../support/processes.ts'
import { verifyToken } from '../support/relying-party.ts'
import { type RunningService, startService } from '../support/start-service.ts'
import { type Stage, check, print, runDemo, show, step } from './run-demo.ts'

/**
 * How long challenges live, in seconds: at first long enough for a slow machine to start the service again, then
 * short, so that the demo can show one expire. The default is 120.
 */
const FIRST_LIFETIME = 60
const SHORT_LIFETIME = 5
const TOKEN_AUDIENCE = 'https://cluster.example'
const ROLE = 'worker'

/** Runs a shell command line as the instance would; its standard output is the result. */
const runShell = async (commandLine: string, env: Record<string, string>): Promise<string> => {
  const child = spawn('sh', ['-c', commandLine], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(env),
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [status] = (await once(child, 'close')) as [number]
  check(status === 0, `exit status ${status} of ${commandLine}`)
  return output
}

const printJson = (value: unknown): void =>
  print(JSON.stringify(value, null, 2).replaceAll(/^/gm, '      '))

const demo = async ({ folder, onEnd }: Stage): Promise<void> => {
  step('A metadata service like that of ECS: three instances, two accounts, a key of its own')
  const metadata = await startEmulator({ instances: 3, accounts: 2 })
  onEnd(metadata.close)
  const { instances, certificatePem } = metadata.emulator
  const [mine, strange, other] = instances as [EmulatedInstance, EmulatedInstance, EmulatedInstance]
  const urlOf = ({ instanceId }: EmulatedInstance): string =>
    `${metadata.url}/instances/${instanceId}`
  for (const { instanceId, ownerAccountId } of instances) {
    show('instance', `${instanceId} of account ${ownerAccountId}`)
  }

  step('The service, in workerd: it admits the first account, and trusts that key')
  const policy = {
    match: { owner_account_id: [mine.ownerAccountId] },
    token: { audience: [TOKEN_AUDIENCE], groups: ['nodes'] },
    reenrollment: 'always',
  }
  const variables = {
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify({ roles: { [ROLE]: policy } }),
    ROLLCALL_TRUST_ANCHORS: certificatePem,
    ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(FIRST_LIFETIME),
  }
  const options = { variables, folder, port: await reservePort() }
  let service: RunningService = await startService('workerd', options)
  onEnd(() => service.stop())
  show('issuer', service.url)

  step('The instance enrolls, with curl and sh alone')
  const commandLine = `script=$(curl -fsS --retry 9 --retry-all-errors '${service.url}/bootstrap.sh?role=${ROLE}') && sh -c "$script"`
  show('$', commandLine)
  const token = await runShell(commandLine, { ROLLCALL_METADATA_URL: urlOf(mine) })
  show('token', `${token.slice(0, 60)}... (${token.length} characters)`)

  step('A relying party that knows only the issuer finds the keys and verifies the token')
  const { header, claims } = await verifyToken(token, service.url, TOKEN_AUDIENCE)
  check(claims['ecs'].instance_id === mine.instanceId, 'a token of another instance')
  printJson({ header, claims })

  step('Another instance of the account enrolls')
  const usedChallenge = await getChallenge(service.url)
  const usedEvidence = await getEvidence(urlOf(other), usedChallenge)
  const first = await postEvidence(service.url, usedEvidence)
  check(first.status === 200, 'a good enrollment')
  show('answer', `${first.status}, a token for role ${String(first.body['role'])}`)
  step('The service is stopped and started again; what it must remember is on disk')
  await service.stop()
  const shorter = { ...variables, ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(SHORT_LIFETIME) }
  service = await startService('workerd', { ...options, variables: shorter })
  const again = await postEvidence(service.url, usedEvidence)
  const jti = (answer: EnrollmentAnswer): unknown =>
    JSON.parse(atob(String(answer.body['access_token']).split('.')[1] as string)).jti
  check(
    again.status === 200 && jti(again) === jti(first),
    'a retry that is not the same enrollment',
  )
  show('retry', `${again.status}, the same enrollment: jti ${String(jti(again))}`)

  const keptEvidence = await getEvidence(urlOf(other), await getChallenge(service.url))
  const keptUntil = Date.now() + (SHORT_LIFETIME + 1) * 1000

  const refused = async (
    what: string,
    status: number,
    reason: string,
    answer: EnrollmentAnswer,
  ) => {
    const { requestId, body } = answer
    const event = () => service.auditEvents().find((entry) => entry['request_id'] === requestId)
    await waitUntil(() => event() !== undefined, { seconds: 5, what: 'the audit event' })
    print(`   - ${what}`)
    show('  answer', `${answer.status} ${String(body['code'])}`)
    show('  audit', `reason ${String(event()?.['reason'])}`)
    check(answer.status === status && event()?.['reason'] === reason, what)
  }
  step('Four refusals: the client learns little, the audit log says why')
  await refused(
    'the used challenge, with another instance’s evidence',
    401,
    'challenge_spent',
    await postEvidence(service.url, await getEvidence(urlOf(mine), usedChallenge)),
  )
  const evidence = await getEvidence(urlOf(mine), await getChallenge(service.url))
  const document = evidence.document.replace(mine.instanceId, other.instanceId)
  await refused(
    'a tampered document',
    401,
    'document_mismatch',
    await postEvidence(service.url, { ...evidence, document }),
  )
  await refused(
    'good evidence of an account that is not allowed',
    403,
    'account_not_allowed',
    await postEvidence(
      service.url,
      await getEvidence(urlOf(strange), await getChallenge(service.url)),
    ),
  )
  const seconds = SHORT_LIFETIME + 5
  await waitUntil(() => Date.now() > keptUntil, { seconds, what: 'the end of the challenge' })
  await refused(
    'good evidence whose challenge has expired',
    401,
    'challenge_expired',
    await postEvidence(service.url, keptEvidence),
  )
}

await runDemo(demo)
