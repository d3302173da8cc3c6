// The names of token exchange (RFC 8693) that client and service share. Data only.

/** Where a token is exchanged; `htu` of the DPoP proof is the issuer with this behind it. */
export const TOKEN_PATH = '/v1/token'

/** The `grant_type` of an exchange (RFC 8693 section 2.1). */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** The type of a JWT (RFC 8693 section 3): what is shown, and what is issued. */
export const JWT_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:jwt'

/** The other type that a client may ask for (RFC 8693 section 3): the same token under another name. */
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
