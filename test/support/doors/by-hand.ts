// Doors that no test starts, since Debian 12 does not have the program or it takes too much: which program each needs,
// and how it is started.

import { existsSync } from 'node:fs'
import type { ByHandDoor } from '../../generate/by-hand.ts'
import { findTool } from '../requirements.ts'
import { startConsul } from './consul.ts'
import type { Door, DoorOptions } from './door.ts'
import { rabbitmqGroups, startRabbitmq } from './rabbitmq.ts'
import { startVault } from './vault.ts'

/** How a door is started. */
interface Kind {
  /** The variable that names its program, by an absolute path. */
  readonly variable: string
  /** Its program in PATH, or where a package puts it. The first that is there is used. */
  readonly programs: readonly string[]
  /** Claims that a token needs beside those of rollcall. */
  readonly claims?: (audience: string) => Readonly<Record<string, unknown>>
  readonly start: (program: string, options: DoorOptions, folder: string) => Promise<Door>
}

const RABBITMQ = {
  claims: (audience: string) => ({ groups: rabbitmqGroups(audience) }),
  start: startRabbitmq,
}

/** All of them. */
export const BY_HAND: Readonly<Record<ByHandDoor, Kind>> = {
  vault: { variable: 'VAULT_PROGRAM', programs: ['vault', 'bao'], start: startVault },
  consul: { variable: 'CONSUL_PROGRAM', programs: ['consul'], start: startConsul },
  rabbitmq: {
    variable: 'RABBITMQ_PROGRAM',
    programs: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    ...RABBITMQ,
  },
  // Beside the one of Debian 12.
  'rabbitmq-4': { variable: 'RABBITMQ_4_PROGRAM', programs: [], ...RABBITMQ },
}

/**
 * The program of a door.
 * @returns its path; `undefined` if it is not there
 * @throws Error if the variable names a file that is not there
 */
export const programOf = ({ variable, programs }: Kind): string | undefined => {
  const named = process.env[variable]
  if (named !== undefined && !existsSync(named)) {
    throw new Error(`${variable}: there is no file ${named}`)
  }
  return (
    named ??
    programs
      .map((program) =>
        program.startsWith('/') ? (existsSync(program) ? program : undefined) : findTool(program),
      )
      .find((path) => path !== undefined)
  )
}
