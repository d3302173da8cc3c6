// Where instances and proxies call, below the service’s name. Data only.

/** Where a challenge is asked for. */
export const CHALLENGE_PATH = '/v1/challenge'

/** Where an instance enrolls; `htu` of its DPoP proof is the issuer with this behind it. */
export const ENROLL_PATH = '/v1/enroll'

/** Where proxies ask whether a request may go on. */
export const AUTHORIZE_PATH = '/v1/authorize'
