// What users can import: which modules, and which names each of them has. A name that comes or goes is a change
// of the package's interface, so it has to show here.

import { join, posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { jsrSubpaths, publicModules, subpaths } from '../support/public-modules.ts'
import { ROOT, readProjectFile } from '../support/sources.ts'

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

/** The names that a statement exports; types with `type ` before them. */
const namesOf = (statement: ts.Statement): string[] => {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause, isTypeOnly } = statement
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) {
      throw new Error('a public module lists its names: no `export *`')
    }
    return exportClause.elements.map(
      (element) => `${isTypeOnly || element.isTypeOnly ? 'type ' : ''}${element.name.text}`,
    )
  }
  if (!isExported(statement)) return []
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  if (ts.isClassDeclaration(statement)) return [statement.name?.text ?? 'default']
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return [`type ${statement.name.text}`]
  }
  throw new Error(`an export of a kind that is not expected: ${statement.getText()}`)
}

const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readProjectFile(path), ts.ScriptTarget.ES2022, true)

const exportsOf = (path: string): string[] => parse(path).statements.flatMap(namesOf).toSorted()

const hasDocstring = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).some(ts.isJSDoc)

/** The names that a module exports and that have no docstring where they are declared. */
const undocumented = (path: string, wanted?: ReadonlySet<string>): string[] =>
  parse(path).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement
      if (exportClause === undefined || !ts.isNamedExports(exportClause)) return []
      const names = exportClause.elements.map(({ name, propertyName = name }) => propertyName.text)
      const from = (moduleSpecifier as ts.StringLiteral).text
      const followed = names.filter((name) => wanted?.has(name) ?? true)
      return undocumented(posix.join(posix.dirname(path), from), new Set(followed))
    }
    if (!isExported(statement) || hasDocstring(statement)) return []
    return namesOf(statement)
      .map((name) => name.replace(/^type /, ''))
      .filter((name) => wanted?.has(name) ?? true)
      .map((name) => `${name} in ${path}`)
  })

describe('the public modules', () => {
  it('are the same for npm and for JSR, but for the one for Workers', () => {
    const names = subpaths().filter((name) => name !== './ledger/durable-object')
    expect(Object.keys(jsrSubpaths())).toEqual(names)
  })

  it.each(publicModules())(
    '$specifier has at run time the values that it lists',
    async (module) => {
      const listed = exportsOf(module.source).filter((name) => !name.startsWith('type '))
      const loaded = (await import(/* @vite-ignore */ join(ROOT, module.source))) as object
      expect(Object.keys(loaded).toSorted()).toEqual(listed)
    },
  )

  it.each(publicModules())('$specifier has a docstring for each of its names', ({ source }) => {
    expect(undocumented(source)).toEqual([])
  })

  it('export these names', () => {
    const names = publicModules().map(({ specifier, source }) => [specifier, exportsOf(source)])
    expect(Object.fromEntries(names)).toMatchInlineSnapshot(`
      {
        "rollcall": [
          "ALIBABA_CLOUD_TRUST_ANCHORS",
          "ConfigurationError",
          "InstanceIdentityError",
          "LedgerUnavailableError",
          "LedgerUnfitError",
          "createEnroller",
          "decide",
          "parseOperatorKeys",
          "parsePolicy",
          "parseRelyingPartyKeys",
          "parseSigningKeys",
          "parseTrustAnchors",
          "type Admission",
          "type AdmittedEnrollment",
          "type Awaitable",
          "type Binding",
          "type Bytes",
          "type ChallengePurpose",
          "type ChallengeRefusal",
          "type CryptoPort",
          "type Decision",
          "type DecisionReason",
          "type Denial",
          "type DisclosedReason",
          "type DpopRefusal",
          "type EcsField",
          "type Enroller",
          "type EnrollerOptions",
          "type Enrollment",
          "type EnrollmentCode",
          "type EnrollmentFacts",
          "type EnrollmentReason",
          "type EnrollmentRequest",
          "type EvidenceInput",
          "type Exchange",
          "type FirstUseRefusal",
          "type HashName",
          "type InstanceIdentity",
          "type InstanceIdentityErrorCode",
          "type IssuedChallenge",
          "type KeyImport",
          "type KeyOptions",
          "type Ledger",
          "type LedgerEntry",
          "type LedgerErrorCode",
          "type LedgerErrorName",
          "type LedgerPage",
          "type ListedEntry",
          "type LostSwap",
          "type Mac",
          "type MessageSigner",
          "type OperatorKey",
          "type OperatorScope",
          "type Policy",
          "type PublicJwk",
          "type PublicJwks",
          "type PublicKey",
          "type PublishedKeys",
          "type Reenrollment",
          "type RefusalFacts",
          "type RefusedEnrollment",
          "type RelyingPartyKey",
          "type Role",
          "type RoleMatch",
          "type RoleToken",
          "type RsaVerifier",
          "type SigningAlgorithm",
          "type SigningKeys",
          "type StoredSwap",
          "type SupersededEvidence",
          "type Swap",
          "type TokenAlgorithmName",
          "type TokenBinding",
          "type TrustAnchor",
          "type VerifyInstanceIdentityOptions",
          "verifyInstanceIdentity",
        ],
        "rollcall/client": [
          "CHECK_NAMES",
          "ClientError",
          "ProxyError",
          "askInstance",
          "createDpopKey",
          "createOperatorClient",
          "diagnoseEnrollment",
          "enrollInstance",
          "exchangeToken",
          "forgetInstances",
          "markPrivateKey",
          "parsePrivateKey",
          "planPrune",
          "proofTime",
          "renewEnrollment",
          "requireIssuer",
          "requireKeyOf",
          "type AttestedInstance",
          "type Ban",
          "type BanName",
          "type BoundKey",
          "type Candidate",
          "type CheckName",
          "type CheckOptions",
          "type CheckWords",
          "type ClientErrorCode",
          "type ClientErrorDetails",
          "type Diagnosis",
          "type DpopKey",
          "type EnrollOptions",
          "type Enrolled",
          "type ExchangeOptions",
          "type ExchangePurpose",
          "type Exchanged",
          "type Fetch",
          "type ForgetOutcome",
          "type ForgetResult",
          "type Instance",
          "type InstanceName",
          "type Introspection",
          "type IssuedToken",
          "type KeyInstance",
          "type LivingInstances",
          "type NextRenewal",
          "type OperatorClient",
          "type OperatorClientOptions",
          "type Outcome",
          "type Page",
          "type PageOptions",
          "type Place",
          "type PrivateKey",
          "type ProofPurpose",
          "type ProxyErrorDetails",
          "type PrunePlan",
          "type Purpose",
          "type Reach",
          "type RefusalReason",
          "type RenewOptions",
          "type RenewalFailure",
          "type Retry",
          "type Timing",
          "type TokenToProve",
          "type Wait",
        ],
        "rollcall/emulator": [
          "createMetadataEmulator",
          "parseInstanceDescriptions",
          "type DiskDescription",
          "type EmulatedDisk",
          "type EmulatedInstance",
          "type EmulatedInterface",
          "type InstanceDescription",
          "type MetadataEmulator",
          "type MetadataEmulatorOptions",
          "type SpotTermination",
          "type SystemEvent",
        ],
        "rollcall/http": [
          "auditLine",
          "createApp",
          "type AppOptions",
          "type AuditEvent",
          "type AuditReason",
          "type AuthorizationReason",
          "type AuthorizationSettings",
          "type ClaimsRefusal",
          "type ClientRefusal",
          "type Env",
          "type ExchangeReason",
          "type ExchangeSettings",
          "type ExchangerOptions",
          "type FailureReason",
          "type Incoming",
          "type JwsRefusal",
          "type OAuthErrorCode",
          "type OperatorAction",
          "type OperatorOptions",
          "type OperatorRefusal",
          "type ProblemCode",
          "type ProofRefusal",
          "type ReadRequestOptions",
          "type Readiness",
          "type RelyingPartyOptions",
          "type RequestReason",
          "type RequestSource",
          "type RequestVariables",
          "type StandingRefusal",
          "type TokenRefusal",
          "type TokenReviewReason",
          "type TokenReviewSettings",
          "type WebhookReason",
        ],
        "rollcall/ledger/deno-kv": [
          "createDenoKvLedger",
          "type DenoKvLedger",
        ],
        "rollcall/ledger/durable-object": [
          "createDurableObjectLedger",
          "createLedgerObjectClass",
          "type LedgerObject",
          "type LedgerObjectBase",
          "type LedgerObjectClass",
          "type ObjectNamespace",
          "type ObjectState",
          "type ObjectStorage",
          "type ObjectStub",
        ],
        "rollcall/ledger/memory": [
          "createMemoryLedger",
        ],
        "rollcall/ledger/redis": [
          "createRedisLedger",
          "type RedisLedger",
          "type RedisLedgerOptions",
          "type RedisTlsOptions",
        ],
        "rollcall/ledger/sqlite": [
          "createSqliteLedger",
          "type SqliteLedger",
          "type SqliteLedgerOptions",
        ],
        "rollcall/metadata": [
          "DISK_ITEMS",
          "INTERFACE_ITEMS",
          "ITEMS",
          "MetadataError",
          "createMetadataClient",
          "isSecretPath",
          "itemAt",
          "remedyOf",
          "type Accessors",
          "type Evidence",
          "type GetOptions",
          "type InstanceTag",
          "type Item",
          "type ItemForm",
          "type ListEntry",
          "type ListForm",
          "type MetadataAttempts",
          "type MetadataClient",
          "type MetadataClientOptions",
          "type MetadataErrorCode",
          "type MetadataErrorDetails",
          "type MetadataFetch",
          "type MetadataFetchInit",
          "type MetadataMode",
          "type MetadataRetry",
          "type SshPublicKey",
          "type Timing",
          "type ValueOf",
          "type ValueOfForm",
          "type Wait",
        ],
        "rollcall/node-crypto": [
          "NODE_CRYPTO",
          "type CryptoPort",
        ],
        "rollcall/relying-party": [
          "TokenError",
          "admitRequest",
          "createTokenVerifier",
          "fromNodeRequest",
          "requireEnrollment",
          "type AcceptedAlgorithm",
          "type AdmitOptions",
          "type AdmittedRequest",
          "type BoundTokens",
          "type EcsClaim",
          "type EnrollmentClaims",
          "type EnrollmentEnv",
          "type EnrollmentVariables",
          "type KeyFetch",
          "type Members",
          "type NodeRequest",
          "type RejectedRequest",
          "type RequestAdmission",
          "type RequireEnrollmentOptions",
          "type ShownProof",
          "type ShownRequest",
          "type TokenErrorCode",
          "type TokenVerifier",
          "type TokenVerifierOptions",
          "type VerifyOptions",
        ],
        "rollcall/service": [
          "createService",
          "ledgerReader",
          "openLedger",
          "parseConfig",
          "type Config",
          "type ConfigWithLedger",
          "type DenoKvConfig",
          "type Environment",
          "type Incoming",
          "type KubernetesCluster",
          "type LedgerConfig",
          "type MemoryConfig",
          "type NodeNamePart",
          "type NodeNameTemplate",
          "type OpenLedger",
          "type OpenLedgerOptions",
          "type ParseConfig",
          "type ReadFile",
          "type RedisConfig",
          "type RequestSource",
          "type RuntimeOptions",
          "type Service",
          "type ServiceOptions",
          "type SqliteConfig",
          "type TrustedProxy",
        ],
      }
    `)
  })
})
