// step-ca as a door: a token opens it if a certificate is signed for it. Debian has the library without its command, so
// the program is this main function over the same configuration file.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { stepCa } from '../../../src/cli/recipe/recipes/step-ca.ts'
import { buildGoProgram } from '../go-program.ts'
import { reservePort } from '../ports.ts'
import { startProcess, waitUntil } from '../processes.ts'
import { type TestCa, createTestCa } from '../tls-certificates.ts'
import {
  type Door,
  type DoorAnswer,
  type DoorOptions,
  outputOf,
  placeFiles,
  recipeFiles,
} from './door.ts'

/** The library, below the folder of Debian's Go sources. */
export const STEP_CA_LIBRARY = 'github.com/smallstep/certificates'

/** The SPIFFE trust domain of its certificates. */
export const TRUST_DOMAIN = 'nodes.example'

const READY_SECONDS = 30
const MAIN = `package main

import (
	"log"
	"os"

	"${STEP_CA_LIBRARY}/authority/config"
	"${STEP_CA_LIBRARY}/ca"
	_ "${STEP_CA_LIBRARY}/cas/softcas"
	_ "${STEP_CA_LIBRARY}/kms/softkms"
)

func main() {
	configuration, err := config.LoadConfiguration(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server, err := ca.New(configuration)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Run())
}
`

/** Builds the program, so that no limit of a test has to include it. @returns its path */
export const buildStepCa = (): Promise<string> => buildGoProgram(MAIN)

const openssl = (folder: string, ...args: string[]): void =>
  void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/**
 * Starts it. Its folder has what a client needs: `ca/ca.pem`, and `node.key` of every request.
 * @param ca what it signs with. Default: a new one, in its folder
 */
export const startStepCa = async (
  options: DoorOptions,
  folder: string,
  ca: TestCa = createTestCa(join(folder, 'ca')),
): Promise<Door> => {
  const program = await buildStepCa()
  const port = await reservePort()
  const files = recipeFiles(stepCa, options, {
    templateFile: join(folder, 'rollcall.tpl'),
    trustDomain: TRUST_DOMAIN,
  })
  const placed = placeFiles(files, folder, options.changes)
  const provisioner: unknown = JSON.parse(
    readFileSync(placed['provisioner.json'] as string, 'utf8'),
  )
  const configuration = {
    root: ca.file,
    crt: ca.file,
    key: join(dirname(ca.file), 'ca.key'),
    address: `127.0.0.1:${port}`,
    dnsNames: ['localhost'],
    logger: { format: 'json' },
    authority: { provisioners: [provisioner] },
  }
  writeFileSync(join(folder, 'ca.json'), JSON.stringify(configuration))
  // A name of its own in the request shows that the certificate does not get it.
  openssl(folder, 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=chosen-by-the-client',
    '-addext', 'subjectAltName=DNS:chosen-by-the-client.example') // prettier-ignore
  const csr = readFileSync(join(folder, 'node.csr'), 'utf8')
  const process = startProcess(program, [join(folder, 'ca.json')], {
    SSL_CERT_FILE: options.caFile,
  })

  const url = `https://localhost:${port}`
  const call = (path: string, body?: object): Promise<DoorAnswer> =>
    new Promise((resolve, reject) => {
      const asked = request(
        `${url}${path}`,
        { method: body === undefined ? 'GET' : 'POST', ca: readFileSync(ca.file), agent: false },
        async (answer) => {
          let text = ''
          for await (const piece of answer) text += String(piece)
          resolve({ status: answer.statusCode ?? 0, text })
        },
      )
      asked.on('error', reject).end(body && JSON.stringify(body))
    })
  const said = (): string => outputOf(process)
  try {
    await waitUntil(async () => (await call('/health').catch(() => undefined))?.status === 200, {
      seconds: READY_SECONDS,
      what: 'step-ca ready',
      alive: () => process.child.exitCode === null,
    })
  } catch (cause) {
    await process.stop()
    throw new Error(`${String(cause)}\n${said()}`, { cause })
  }
  // It refuses tokens that were issued before it started, and times of tokens are whole seconds.
  await wait(1000)
  return {
    url,
    tokenIn: (token) => call('/1.0/sign', { csr, ott: token }),
    seen: [],
    said,
    stop: async () => void (await process.stop()),
  }
}
