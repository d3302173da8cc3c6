// Who and what there is in these tests: the service's name, its roles, accounts and instances.

/** Not the address that it listens on: nothing of the protocol may depend on that. */
export const ISSUER = 'https://rollcall.test'
export const RELYING_PARTY = 'https://cluster.example'
/** Where tokens are bound to a key: no audience has both kinds. */
export const BOUND_RELYING_PARTY = 'https://mesh.example'
export const LIFETIME_SECONDS = 120
/** The operator's name. */
export const OPERATOR = 'alice@rollcall.example'

/** The roles: one for each rule, and one that demands a key. */
export type RoleName = 'always' | 'same-key' | 'new-image' | 'never' | 'bound'

/** The account of a number. */
export const accountOf = (index: number): string => String(1_609_000_000_000_000 + index)
/** Those that the roles name. */
export const ACCOUNTS = Array.from({ length: 24 }, (_, index) => accountOf(index))
/** An account that no role names. */
export const STRANGER = accountOf(999)

const role = (reenrollment: string, more: object = {}, audience = RELYING_PARTY): object => ({
  match: { owner_account_id: ACCOUNTS },
  token: { audience: [audience] },
  reenrollment,
  ...more,
})
/** What the service is configured with. */
export const POLICY = {
  roles: {
    always: role('always'),
    'same-key': role('same_key', {}, BOUND_RELYING_PARTY),
    'new-image': role('new_image'),
    never: role('never'),
    bound: role('always', { binding: 'dpop' }, BOUND_RELYING_PARTY),
  } satisfies Record<RoleName, object>,
}

/** The fields of an instance's document. */
export type Instance = Record<
  'instance-id' | 'owner-account-id' | 'region-id' | 'serial-number' | 'image-id',
  string
>

/** Where operators find an instance. */
export const pathOf = (instance: Instance): string =>
  `/v1/admin/instances/${instance['owner-account-id']}/${instance['region-id']}/${instance['instance-id']}`
