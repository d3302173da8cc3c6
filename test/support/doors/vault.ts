// Vault or OpenBao as a door: a token opens it if its role lets it log in. Debian 12 has neither, so no test starts it.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fillRecipe } from '../../../src/cli/recipe/fill.ts'
import { vault } from '../../../src/cli/recipe/recipes/vault.ts'
import { reservePort } from '../ports.ts'
import { cleanEnvironment, startProcess, waitUntil } from '../processes.ts'
import { type Door, type DoorOptions, outputOf, placeFiles, recipeFiles } from './door.ts'

const run = promisify(execFile)
const READY_SECONDS = 60
const ROOT_TOKEN = 'root-of-a-test'
const NODE_SECRET = 'a-secret-of-nodes'

/** A door that has the command of the recipe, too. */
export interface VaultDoor extends Door {
  /** What only nodes may read. */
  readonly secret: string
  /** Logs in by the last command of the recipe, and reads a secret of nodes with what it gets. @returns the secret */
  readSecret(token: string): Promise<string>
}

/**
 * Starts a development server, and runs the commands that the recipe prints.
 * @param program path of `vault` or `bao`
 */
export const startVault = async (
  program: string,
  options: DoorOptions,
  folder: string,
): Promise<VaultDoor> => {
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const { issuer, audience, role = 'worker', more } = options
  const steps = vault.steps(fillRecipe(vault, { issuer, audience, role: [role], ...more }))
  const commands = steps.filter((it) => it.startsWith('vault ') && !it.includes('ACCESSOR'))
  const login = commands.find((it) => it.includes('/login ')) ?? ''
  placeFiles(recipeFiles(vault, options, {}), folder, options.changes)

  const env = {
    HOME: folder,
    VAULT_ADDR: url,
    BAO_ADDR: url,
    VAULT_TOKEN: ROOT_TOKEN,
    BAO_TOKEN: ROOT_TOKEN,
  }
  // Not execFileSync: the issuer may be in this process, and Vault asks it.
  const command = async (text: string, change: Record<string, string> = {}): Promise<string> => {
    const { stdout } = await run('sh', ['-ec', text.replace(/^vault/, program)], {
      cwd: folder,
      encoding: 'utf8',
      env: cleanEnvironment({ ...env, ...change }),
    })
    return stdout
  }
  const running = startProcess(
    program,
    [
      'server',
      '-dev',
      '-dev-no-store-token',
      `-dev-root-token-id=${ROOT_TOKEN}`,
      `-dev-listen-address=127.0.0.1:${port}`,
    ],
    { HOME: folder, SSL_CERT_FILE: options.caFile },
  )
  const said = (): string => outputOf(running)
  const stop = async (): Promise<void> => void (await running.stop())
  try {
    const isReady = async (): Promise<boolean> =>
      (await fetch(`${url}/v1/sys/health`).catch(() => undefined))?.status === 200
    await waitUntil(isReady, {
      seconds: READY_SECONDS,
      what: 'Vault ready',
      alive: () => running.child.exitCode === null,
    })
    for (const step of commands.filter((it) => it !== login)) await command(step)
    await command(`vault kv put secret/node value=${NODE_SECRET}`)
    writeFileSync(join(folder, 'node.hcl'), 'path "secret/data/node" { capabilities = ["read"] }\n')
    await command('vault policy write rollcall-node node.hcl')
  } catch (cause) {
    await stop()
    throw new Error(`${String(cause)}\n${said()}`, { cause })
  }
  const loginUrl = `${url}/v1/${/auth\/\S+\/login/.exec(login)?.[0] ?? ''}`
  return {
    url: loginUrl,
    async tokenIn(token) {
      const answer = await fetch(loginUrl, {
        method: 'POST',
        body: JSON.stringify({ role: 'node', jwt: token }),
      })
      return { status: answer.status, text: await answer.text() }
    },
    async readSecret(token) {
      writeFileSync(join(folder, 'token.jwt'), token)
      const asJson = login.replace('write', 'write -format=json')
      const answer = await command(asJson, { VAULT_TOKEN: '', BAO_TOKEN: '' })
      const { auth } = JSON.parse(answer) as { readonly auth: { readonly client_token: string } }
      const own = { VAULT_TOKEN: auth.client_token, BAO_TOKEN: auth.client_token }
      return (await command('vault kv get -field=value secret/node', own)).trim()
    },
    secret: NODE_SECRET,
    seen: [],
    said,
    stop,
  }
}
