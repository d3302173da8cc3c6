// The certification request in `spec.request` of a CertificateSigningRequest, read so that no other reader can find
// something else in it: one PEM block and nothing beside it, strict DER, a valid signature, a subject of one O and one CN,
// and no extension but subjectAltName. A kubelet sends nothing else.

import { fromBase64, fromUtf8 } from '../../base/bytes.ts'
import { InstanceIdentityError } from '../../base/errors.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import {
  type CertificateRequest,
  EXTENSION_REQUEST,
  type NameAttribute,
  readCertificateRequest,
} from '../../codec/certificate-request.ts'
import { TAG, oid } from '../../codec/der.ts'
import { type GeneralNames, readGeneralNames } from '../../codec/general-names.ts'
import { addressText, canonicalAddress } from './addresses.ts'
import { type RequestKeyRefusal, checkRequestKey } from './request-key.ts'

/** What a request asks to be certified. */
export interface RequestedNames {
  readonly organization: string
  readonly commonName: string
  /** As they are written. */
  readonly dnsNames: readonly string[]
  /** IPv4 in dotted form, IPv6 as RFC 5952 writes it. */
  readonly addresses: readonly string[]
  /** Kinds of other names, such as `email`. */
  readonly others: GeneralNames['others']
}

/** Why a request is not taken from any sender. */
export type CsrRefusal =
  RequestKeyRefusal | 'RequestMalformed' | 'SubjectMalformed' | 'NotRequestable'

/** A refusal, with the end of a sentence that begins with "the request". */
export interface CsrProblem {
  readonly reason: CsrRefusal
  readonly detail: string
}

const problem = (reason: CsrRefusal, detail: string): Result<never, CsrProblem> =>
  refuse({ reason, detail })

const malformed = (detail: string): Result<never, CsrProblem> => problem('RequestMalformed', detail)

/** A request of a kubelet has 600 characters, one with an RSA key of 4096 bits has 2,000. */
const MAX_CHARACTERS = 16_384

const PEM =
  /^\s*-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----\s*$/

const readPem = (request: string): Result<Uint8Array, CsrProblem> => {
  if (request.length > MAX_CHARACTERS) {
    return malformed(`has ${request.length} characters; at most ${MAX_CHARACTERS} are read`)
  }
  const bytes = fromBase64(request)
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  if (text === undefined) return malformed('is not base64 of text')
  const lines = PEM.exec(text)?.[1]
  if (lines === undefined) {
    return malformed('is not exactly one PEM block CERTIFICATE REQUEST without text around it')
  }
  const der = fromBase64(lines.replaceAll(/\r?\n/g, ''))
  return der === undefined || der.length === 0
    ? malformed('has a PEM block that is not base64')
    : accept(der)
}

const ORGANIZATION = /* @__PURE__ */ oid('2.5.4.10')
const COMMON_NAME = /* @__PURE__ */ oid('2.5.4.3')
const SUBJECT_ALT_NAME = /* @__PURE__ */ oid('2.5.29.17')

/** The text of a name's value; only the two string types that Go writes, and printable ASCII. */
const textOf = ({ tag, contents }: NameAttribute): string | undefined => {
  if (tag !== TAG.utf8String && tag !== TAG.printableString) return undefined
  const text = fromUtf8(contents) ?? ''
  return /^[!-~]{1,512}$/.test(text) ? text : undefined
}

type Subject = Pick<RequestedNames, 'organization' | 'commonName'>

const readSubject = (subject: CertificateRequest['subject']): Result<Subject, CsrProblem> => {
  const attributes = subject.map(([attribute, ...more]) =>
    more.length === 0 ? attribute : undefined,
  )
  const of = (type: string): readonly NameAttribute[] =>
    attributes.filter(
      (attribute) => attribute !== undefined && attribute.type === type,
    ) as NameAttribute[]
  const [organizations, commonNames] = [of(ORGANIZATION), of(COMMON_NAME)]
  if (subject.length !== 2 || organizations.length !== 1 || commonNames.length !== 1) {
    return problem('SubjectMalformed', 'has a subject that is not exactly one O and one CN')
  }
  const [organization, commonName] = [...organizations, ...commonNames].map(textOf)
  if (organization === undefined || commonName === undefined) {
    const detail =
      'has a subject with a value that is not plain text in UTF8String or PrintableString'
    return problem('SubjectMalformed', detail)
  }
  return accept({ organization, commonName })
}

/** A request for a client certificate has no extension, and then no such names. */
const NO_NAMES: GeneralNames = { dnsNames: [], addresses: [], others: [] }

/** @throws InstanceIdentityError `malformed_der` */
const readExtensions = (request: CertificateRequest): Result<GeneralNames, CsrProblem> => {
  const { attributes, extensions } = request
  if (attributes.some((type) => type !== EXTENSION_REQUEST) || attributes.length > 1) {
    return problem('NotRequestable', 'has another attribute than one extensionRequest')
  }
  if (extensions.some(({ type }) => type !== SUBJECT_ALT_NAME)) {
    return problem('NotRequestable', 'asks for another extension than subjectAltName')
  }
  const [extension, ...more] = extensions
  if (more.length > 0) return problem('NotRequestable', 'asks for subjectAltName twice')
  return accept(extension === undefined ? NO_NAMES : readGeneralNames(extension.value))
}

const readNames = (request: CertificateRequest): Result<RequestedNames, CsrProblem> => {
  const subject = readSubject(request.subject)
  if (!subject.ok) return subject
  const names = readExtensions(request)
  if (!names.ok) return names
  const { dnsNames, others } = names.value
  const addresses = names.value.addresses.map(addressText)
  // Kubernetes would certify the IPv4 address, though the request has another name.
  if (addresses.some((address) => canonicalAddress(address) !== address)) {
    return malformed('has an IPv4 address in the form of IPv6')
  }
  return accept({ ...subject.value, dnsNames, addresses, others })
}

/**
 * Reads and verifies a certification request. Nothing but the text decides: no clock, no I/O.
 * @param request `spec.request` of a CertificateSigningRequest: base64 of PEM
 */
export const readCsr = async (request: string): Promise<Result<RequestedNames, CsrProblem>> => {
  const der = readPem(request)
  if (!der.ok) return der
  try {
    const read = readCertificateRequest(der.value)
    const signed = await checkRequestKey(read)
    if (signed.ok) return readNames(read)
    return signed.refusal === 'KeyNotAllowed'
      ? problem(
          'KeyNotAllowed',
          'has a key other than P-256, P-384, P-521, Ed25519, RSA 2048 to 4096',
        )
      : problem('SignatureInvalid', 'is not signed with its own key by SHA-256, SHA-384 or SHA-512')
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    return malformed(`is not a strict PKCS #10 request: ${error.message}`)
  }
}
