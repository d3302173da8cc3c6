// Every reason that the approver can give, a row each: what it does then, and why in one sentence. The page and the tests
// read this table. Data only.

/** What is done with a CertificateSigningRequest. */
export type CsrAction =
  /** It gets the condition `Approved`, and its signer signs it. */
  | 'approve'
  /** It gets the condition `Denied`. Nobody can approve it later; the kubelet makes another one. */
  | 'deny'
  /** It stays as it is. A later look, or a person, may decide. */
  | 'leave'

/** The name of a reason. */
export type CsrReason =
  | 'Attested'
  | 'RequestMalformed'
  | 'KeyNotAllowed'
  | 'SignatureInvalid'
  | 'SubjectMalformed'
  | 'NotRequestable'
  | 'OrganizationNotNodes'
  | 'NameOfOther'
  | 'UsagesNotAllowed'
  | 'NamesMissing'
  | 'NamesNotAllowed'
  | 'DnsNameNotOfNode'
  | 'AddressNotAttested'
  | 'AlreadyDecided'
  | 'OtherSigner'
  | 'NotANode'
  | 'TooManyOfUser'
  | 'TooManyPending'
  | 'NotAttested'
  | 'AddressUnknown'
  | 'NotEnrolled'
  | 'ServiceUnavailable'
  | 'RecordTooOld'
  | 'RecordRevoked'
  | 'NodesUnknown'
  | 'AddressOfOtherNode'

/** What stands against a request: the reason, and a sentence about this one. */
export interface CsrRefusal {
  readonly reason: CsrReason
  readonly message: string
}

/** One reason. */
export interface CsrReasonRow {
  readonly action: CsrAction
  /** A sentence of Markdown without a full stop. */
  readonly means: string
}

const row = (action: CsrAction, means: string): CsrReasonRow => ({ action, means })

/**
 * The reasons, as Kubernetes writes them in a condition. The rule behind `action`: a request of a node that is wrong in
 * itself is denied, because a request never changes. What is not a node's, or may be right a minute later, is left.
 */
export const CSR_REASONS: Readonly<Record<CsrReason, CsrReasonRow>> = {
  Attested: row('approve', 'Every name and address of the request is attested for this node'),

  RequestMalformed: row(
    'deny',
    'The request is not one PEM block of strict PKCS #10, or has an IPv4 address in the form of IPv6',
  ),
  KeyNotAllowed: row(
    'deny',
    'The key is not P-256, P-384, P-521, Ed25519, or RSA of 2048 to 4096 bits',
  ),
  SignatureInvalid: row(
    'deny',
    'The request is not signed with its own key by SHA-256, SHA-384 or SHA-512',
  ),
  SubjectMalformed: row('deny', 'The subject is not exactly one plain O and one plain CN'),
  NotRequestable: row(
    'deny',
    'The request has an attribute, or asks for an extension, that a kubelet never sends',
  ),
  OrganizationNotNodes: row('deny', 'O is not exactly `system:nodes`'),
  NameOfOther: row('deny', 'CN is not the user of the node that sent the request'),
  UsagesNotAllowed: row('deny', 'The usages are not those of the signer'),
  NamesMissing: row('deny', 'A serving certificate needs a DNS name or an address'),
  NamesNotAllowed: row(
    'deny',
    'A client certificate has no DNS name and no address; no certificate has an e-mail address or a URI',
  ),
  DnsNameNotOfNode: row('deny', 'A DNS name is not the name of the node'),
  AddressNotAttested: row('deny', 'An address is not the one that the cloud signed for the node'),

  AlreadyDecided: row('leave', 'The request was approved, denied, signed, or its signing failed'),
  OtherSigner: row('leave', 'The request is for a signer that this approver does not serve'),
  NotANode: row('leave', 'The user who sent the request is not a node'),
  TooManyOfUser: row(
    'leave',
    'Five requests of the same user are pending before this one; it has its turn later',
  ),
  TooManyPending: row(
    'leave',
    '100 requests of nodes are pending before this one; it has its turn later',
  ),
  NotAttested: row(
    'leave',
    'The user who asks for a client certificate did not authenticate to the API server with a token of rollcall',
  ),
  AddressUnknown: row(
    'leave',
    'Neither a token of the last hour nor a record attests the node that sent the request',
  ),
  NotEnrolled: row('leave', 'rollcall has no record of an instance with the name of the node'),
  ServiceUnavailable: row('leave', 'rollcall could not be asked for the record of the instance'),
  RecordTooOld: row(
    'leave',
    'The instance enrolled more than an hour ago, and no token of the last hour has its address',
  ),
  RecordRevoked: row(
    'leave',
    'An operator reset, revoked or banned the instance after it enrolled',
  ),
  NodesUnknown: row('leave', 'The Nodes of the cluster could not be read'),
  AddressOfOtherNode: row(
    'leave',
    'Another Node has the address in its status, and a record, a token or the control plane label vouches for it',
  ),
}
