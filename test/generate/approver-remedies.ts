// What to do about each reason of the approver, for the page. Data only.

import type { CsrReason } from '../../src/admit/kubernetes/csr-reasons.ts'

/** A sentence of Markdown without a full stop. */
export const APPROVER_REMEDIES: Readonly<Record<CsrReason, string>> = {
  Attested: 'Nothing',

  RequestMalformed: 'A kubelet sends no such request: find out which program on the node does',
  KeyNotAllowed: 'The same; a kubelet has a key on P-256',
  SignatureInvalid: 'The same as `RequestMalformed`',
  SubjectMalformed: 'The same as `RequestMalformed`',
  NotRequestable: 'The same as `RequestMalformed`',
  OrganizationNotNodes: 'The same as `RequestMalformed`',
  NameOfOther: 'The node asks for the name of another one: check whether it was taken over',
  UsagesNotAllowed: 'The same as `RequestMalformed`',
  NamesMissing: 'Check that the Node has an address: `kubectl get node NAME -o wide`',
  NamesNotAllowed: 'The same as `RequestMalformed`',
  DnsNameNotOfNode:
    'Let the Node have no host name but its own: `kubectl get node NAME -o yaml` shows them in `status.addresses`',
  AddressNotAttested:
    'Set `--node-ip` of the kubelet to the private address. If that has changed, let the instance enroll again',

  AlreadyDecided: 'Nothing',
  OtherSigner: 'Nothing: another approver decides',
  NotANode: 'Nothing, or find out who sent it: `kubectl get csr` shows the user',
  TooManyOfUser: 'Wait. If the requests stay, their own reasons are in the log',
  TooManyPending: 'Wait. Delete requests of names that you do not know',
  NotAttested: 'Compare `--issuer` with the issuer in the file of the API server',
  AddressUnknown: 'Give `--admin-key` and `--account`, so that records count',
  NotEnrolled:
    'Compare `--account`, `--node` and `--region` with the node. A control plane machine does not enroll: approve its request by hand',
  ServiceUnavailable: 'The line before it in the log has the cause. The approver asks again',
  RecordTooOld:
    'Let the instance enroll again: `rollcall doctor ... --enroll` on the node. Then the request is approved',
  RecordRevoked: 'If the instance may come back, lift the ban. Then let it enroll again',
  NodesUnknown:
    'The log has the answer of the API server. Compare the ClusterRole with `approver.yaml`',
  AddressOfOtherNode:
    'If the other instance has ended: `kubectl delete node NAME`. If not, two instances have one address: check their networks',
}
