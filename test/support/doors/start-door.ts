// Doors by the names of their recipes: the one way to start one.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { GOPATH } from '../go-program.ts'
import { findTool } from '../requirements.ts'
import {
  APACHE_MODULES,
  startApacheOauth2,
  startApacheOauth2Bound,
  startApacheOpenidc,
} from './apache.ts'
import type { Door, DoorOptions, StartDoor } from './door.ts'
import { startHaproxy } from './haproxy.ts'
import { NJS_MODULE, startNginxNjs } from './nginx-njs.ts'
import { STEP_CA_LIBRARY, startStepCa } from './step-ca.ts'

/** How a door is started, and what it needs. */
interface Kind {
  readonly start: StartDoor
  /** Programs in PATH, and files. */
  readonly needs: readonly string[]
  /** Packages of Debian that have them. */
  readonly packages: string
}

const OAUTH2 = {
  needs: ['apache2', `${APACHE_MODULES}/mod_oauth2.so`],
  packages: 'apache2-bin libapache2-mod-oauth2',
}

const KINDS = {
  'nginx-njs': {
    start: startNginxNjs,
    needs: ['nginx', NJS_MODULE],
    packages: 'nginx libnginx-mod-http-js',
  },
  'apache-openidc': {
    start: startApacheOpenidc,
    needs: ['apache2', `${APACHE_MODULES}/mod_auth_openidc.so`],
    packages: 'apache2-bin libapache2-mod-auth-openidc',
  },
  'apache-oauth2': { start: startApacheOauth2, ...OAUTH2 },
  'apache-oauth2-bound': { start: startApacheOauth2Bound, ...OAUTH2 },
  haproxy: {
    start: startHaproxy,
    needs: ['haproxy', '/usr/bin/python3'],
    packages: 'haproxy python3',
  },
  'step-ca': {
    start: startStepCa,
    needs: ['go', join(GOPATH, 'src', STEP_CA_LIBRARY), '/usr/include/zstd.h'],
    packages: 'golang-go golang-github-smallstep-certificates-dev',
  },
} as const satisfies Readonly<Record<string, Kind>>

/** The name of a door, which is the name of its recipe. */
export type DoorName = keyof typeof KINDS

/** What is missing for a door, and how to install it; undefined if it can be started. */
export const missingFor = (name: DoorName): string | undefined => {
  const { needs, packages } = KINDS[name]
  const missing = needs.filter((need) =>
    need.startsWith('/') ? !existsSync(need) : findTool(need) === undefined,
  )
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} not installed: apt-get install ${packages}`
}

/**
 * Lets a test go on if its door can be started. Otherwise the test is skipped, with the reason.
 * @throws Error instead, if everything is to be tested (ROLLCALL_REQUIRE_ALL=1)
 */
export const requireDoor = (context: TestContext, name: DoorName): void => {
  const missing = missingFor(name)
  if (missing === undefined) return
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(missing)
  context.skip(missing)
}

/**
 * Starts a door. `tokenIn` shows it a token as a client does, and gives the answer: 200, or 201 of step-ca, if the
 * token was admitted.
 * @throws Error with all that the door has written, if it does not answer within 30 seconds
 */
export const startDoor = async (name: DoorName, options: DoorOptions): Promise<Door> => {
  const folder = mkdtempSync(join(tmpdir(), `rollcall-${name}-`))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const door = await KINDS[name].start(options, folder)
    return {
      ...door,
      async stop() {
        await door.stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

const STARTS = 3

/**
 * Starts a door that is judged only after it admitted a good token: Debian's mod_oauth2 was once seen to refuse
 * everything until it was started again.
 * @throws Error with all that the door has written, if three of them refuse the token
 */
export const startJudgedDoor = async (
  name: DoorName,
  options: DoorOptions,
  isAdmitted: (door: Door) => Promise<boolean>,
): Promise<Door> => {
  let said = ''
  for (let start = 1; start <= STARTS; start++) {
    const door = await startDoor(name, options)
    if (await isAdmitted(door)) return door
    said += door.said()
    await door.stop()
  }
  throw new Error(`${name} refused a good token after each of ${STARTS} starts\n${said}`)
}
