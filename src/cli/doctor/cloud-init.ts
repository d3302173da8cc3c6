// Whether this machine would still find its user data if requests without a token were refused
// (HttpTokens=required). User data usually starts the enrollment, so advice must never break it.

import { execFile } from 'node:child_process'

/** The first version of cloud-init that gets a token for the metadata service of ECS. */
const NEEDED = [23, 2, 2] as const
const LIMIT_MS = 10_000
const NEEDED_TEXT = NEEDED.join('.')

/** The version of cloud-init on this machine, if it has one. */
export const cloudInitVersion = (
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(
      'cloud-init',
      ['--version'],
      { env: { ...env }, timeout: LIMIT_MS },
      (_, stdout, stderr) => {
        // Older versions print it to standard error.
        resolve(/\b\d+\.\d+(?:\.\d+)?/.exec(`${stdout} ${stderr}`)?.[0])
      },
    )
  })

const isNewEnough = (version: string): boolean => {
  const parts = version.split('.').map(Number)
  for (const [at, needed] of NEEDED.entries()) {
    const part = parts[at] ?? 0
    if (part !== needed) return part > needed
  }
  return true
}

/**
 * What to do if requests without a token are answered.
 * @param platform as in Node
 * @param version of cloud-init; `undefined` if it is not installed
 */
export const plainRequestsAdvice = (platform: string, version: string | undefined): string => {
  if (platform === 'win32') return 'keep that: Windows needs it to initialize'
  if (version === undefined) {
    return (
      'before you set HttpTokens=required, check that the programs that read user data get tokens ' +
      `(cloud-init ${NEEDED_TEXT} or newer does); a custom image also needs ImdsSupport=v2`
    )
  }
  return isNewEnough(version)
    ? `HttpTokens=required stops that; cloud-init ${version} supports it, a custom image also needs ImdsSupport=v2`
    : `keep that: with HttpTokens=required cloud-init ${version} finds no user data; it needs ${NEEDED_TEXT}`
}
