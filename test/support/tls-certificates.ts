// Certificates for servers of TLS, made by the openssl command: by a CA of their own, for a name and a time.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a server of TLS needs. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

/** A CA, and what it signs. */
export interface TestCa {
  /** Its certificate, a file. */
  readonly file: string
  /** The same as text. */
  readonly pem: string
  /** Its key, a file. */
  readonly keyFile: string
  /** Makes a certificate. Times are `YYYYMMDDHHMMSSZ`; default: valid now. */
  certificateFor(name: string, times?: { from?: string; to?: string }): ServerCertificate
}

const DAY_SECONDS = 86_400
const timeIn = (days: number): string =>
  `${new Date(Date.now() + days * DAY_SECONDS * 1000).toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`

/** Makes a CA. @param folder its content belongs to the CA */
export const createTestCa = (folder: string): TestCa => {
  mkdirSync(folder, { recursive: true })
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const config = `[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
`
  writeFileSync(join(folder, 'ca.cnf'), config)
  writeFileSync(join(folder, 'index.txt'), '')
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-config', 'ca.cnf']
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '7300',
    '-subj', '/CN=A CA of ours', '-addext', 'basicConstraints=critical,CA:true') // prettier-ignore
  return {
    file: join(folder, 'ca.pem'),
    pem: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    keyFile: join(folder, 'ca.key'),
    certificateFor(name, { from = timeIn(-1), to = timeIn(30) } = {}) {
      openssl('req', '-new', ...newKey, '-keyout', 'server.key', '-out', 'server.csr',
        '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`) // prettier-ignore
      openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key',
        '-in', 'server.csr', '-out', 'server.pem', '-startdate', from, '-enddate', to) // prettier-ignore
      const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
      return { cert: read('server.pem'), key: read('server.key') }
    },
  }
}
