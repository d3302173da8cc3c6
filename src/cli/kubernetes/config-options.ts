// The options of `rollcall kubernetes config`, checked: by what this service gives, and by what an API server takes.
// The API server's rules: `validation.go` of k8s.io/apiserver/pkg/apis/apiserver.

import { X509Certificate } from 'node:crypto'
import { matchesField } from '../../codec/identity-document.ts'
import { decodeCertificates } from '../../codec/pem.ts'
import {
  DEFAULT_NODE_NAME_TEMPLATE,
  NODE_NAME_PATTERN,
  parseNodeName,
} from '../../policy/node-name.ts'
import { ROLE_PATTERN } from '../../policy/policy.ts'
import { AUDIENCE_PATTERN } from '../../policy/schema.ts'
import { usageError } from '../command-error.ts'
import { readNamedFile } from '../named-file.ts'
import { requiredOption } from '../required-option.ts'
import { checkServiceAddress } from '../service-address.ts'
import { API_VERSIONS, type AuthenticationOptions } from './authentication-configuration.ts'

/** The options as they were typed. */
export interface TypedOptions {
  readonly audience?: string
  readonly role?: string
  readonly account?: string
  readonly node?: string
  readonly ca?: string
  readonly apiVersion?: string
  readonly anonymousPaths?: string
}

/** Splits a list with commas. Each value must be one of its kind, and there once. */
const readList = (
  text: string,
  name: string,
  kind: string,
  matches: (value: string) => boolean,
): readonly string[] => {
  const values = text.split(',')
  for (const value of values) {
    if (!matches(value)) throw usageError(`${name}: ${JSON.stringify(value)} is not ${kind}`)
  }
  if (new Set(values).size < values.length) throw usageError(`${name}: a value occurs twice`)
  return values
}

/**
 * Checks the address of a service as an API server does: https only, and a DNS name before the slash of a key of `extra`.
 * @returns the issuer
 * @throws CommandError
 */
export const checkIssuer = (text: string): string => {
  const issuer = checkServiceAddress(text, 'ISSUER')
  const { protocol, hostname } = new URL(issuer)
  if (protocol !== 'https:') {
    throw usageError('ISSUER: Kubernetes accepts only https issuers; put the service behind TLS')
  }
  if (!NODE_NAME_PATTERN.test(hostname)) {
    throw usageError(`ISSUER: Kubernetes needs a DNS name as the host; ${hostname} is not one`)
  }
  if (/(?:^|\.)(?:kubernetes|k8s)\.io$/.test(hostname)) {
    throw usageError(`ISSUER: Kubernetes reserves ${hostname} for itself; use another host`)
  }
  return issuer
}

const checkAudience = (text: string): string => {
  if (AUDIENCE_PATTERN.test(text)) return text
  throw usageError('--audience: expected 1 to 256 printable ASCII characters without spaces')
}

/** Reads certificates, and writes each of them anew: nothing else of the file gets into the output. */
const readAuthority = async (path: string): Promise<string> => {
  const text = await readNamedFile(path, '--ca')
  if (text.includes('PRIVATE KEY')) {
    throw usageError(`--ca: ${path} contains a private key; give a file of certificates alone`)
  }
  try {
    return decodeCertificates(text)
      .map((der) => new X509Certificate(der).toString())
      .join('')
  } catch {
    throw usageError(`--ca: ${path} is not a file of PEM certificates`)
  }
}

const checkApiVersion = (text: string): AuthenticationOptions['apiVersion'] => {
  const version = API_VERSIONS.find((each) => each === text)
  if (version !== undefined) return version
  throw usageError(`--api-version: expected ${API_VERSIONS.join(' or ')}, not ${text}`)
}

/** An absolute path as the API server compares it: the whole, without a query. */
const isPath = (text: string): boolean => /^\/[A-Za-z0-9._~/-]*$/.test(text)

/** Checks all options. @throws CommandError */
export const readConfigOptions = async (
  url: string | undefined,
  options: TypedOptions,
): Promise<AuthenticationOptions> => {
  const issuer = checkIssuer(requiredOption(url, 'ISSUER', 'give the URL of the service'))
  const audience = checkAudience(
    requiredOption(options.audience, '--audience', 'give the audience of this cluster alone'),
  )
  const role = requiredOption(options.role, '--role', 'give the roles of nodes')
  const account = requiredOption(options.account, '--account', 'give the accounts of the nodes')
  const node = parseNodeName(options.node ?? DEFAULT_NODE_NAME_TEMPLATE)
  if (!node.ok) throw usageError(`--node: ${node.refusal}`)
  return {
    issuer,
    audience,
    roles: readList(role, '--role', `a role like ${ROLE_PATTERN.source}`, (it) =>
      ROLE_PATTERN.test(it),
    ),
    accounts: readList(account, '--account', 'the id of an account, 1 to 20 digits', (it) =>
      matchesField('owner-account-id', it),
    ),
    node: node.value,
    ...(options.ca !== undefined && { certificateAuthority: await readAuthority(options.ca) }),
    apiVersion: checkApiVersion(options.apiVersion ?? API_VERSIONS[0]),
    anonymousPaths:
      options.anonymousPaths === undefined
        ? []
        : readList(options.anonymousPaths, '--anonymous-paths', 'a path like /livez', isPath),
  }
}
