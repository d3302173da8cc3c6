// Everything for a trial of the service on this machine: keys, a policy, and an emulated instance
// that the policy admits. Nothing is stored: the next trial has new keys and a new instance.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateSigningKeys } from '../../token/generate.ts'
import { usageError } from '../command-error.ts'
import { startEmulator } from '../emulator-server.ts'

const ROLE = 'worker'
const AUDIENCE = 'https://cluster.example'

/** Options of a trial. */
export interface TrialOptions {
  /** Public URL of the service, on a loopback address. */
  readonly issuer: string
  /** Port of the emulated metadata service; 0 takes a free one. */
  readonly metadataPort: number
}

/** A service's configuration, and the emulated instance that it admits. */
export interface Trial {
  /** Variables of the service; the ledger is not among them. */
  readonly variables: Readonly<Record<string, string>>
  /** Shell command that enrolls the instance and prints its token. */
  readonly enrollLine: string
  /** Stops the emulator. */
  close(): Promise<void>
}

/** Starts the emulator. @throws CommandError if its port is taken */
const startInstance = async (port: number) => {
  try {
    return await startEmulator({ port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw usageError(
      code === 'EADDRINUSE'
        ? `port ${port} of the emulated metadata service is taken; choose another with --metadata-port`
        : `cannot start the emulated metadata service (${message})`,
    )
  }
}

/** Starts an emulated instance, and configures a service that admits it. @throws CommandError if the port is taken */
export const startTrial = async ({ issuer, metadataPort }: TrialOptions): Promise<Trial> => {
  const { url, emulator, close } = await startInstance(metadataPort)
  const role = {
    match: { owner_account_id: emulator.instances.map(({ ownerAccountId }) => ownerAccountId) },
    token: { audience: [AUDIENCE] },
    reenrollment: 'always',
  }
  return {
    variables: {
      ROLLCALL_ISSUER: issuer,
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_POLICY: JSON.stringify({ roles: { [ROLE]: role } }),
      ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
    },
    enrollLine:
      `curl -fsS --retry 9 --retry-all-errors '${issuer}/bootstrap.sh?role=${ROLE}' -o bootstrap.sh && ` +
      `ROLLCALL_METADATA_URL=${url} sh bootstrap.sh`,
    close,
  }
}

/** Writes the variables into a file of a folder, for this user only. @returns the path of the file */
export const writeVariables = (folder: string, { variables }: Trial): string => {
  const file = join(folder, 'trial.env')
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600 })
  return file
}
