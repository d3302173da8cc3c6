// Where instances, proxies and API servers call, below the service’s name. Data only.

/** Where a challenge is asked for. */
export const CHALLENGE_PATH = '/v1/challenge'

/** Where an instance enrolls; `htu` of its DPoP proof is the issuer with this behind it. */
export const ENROLL_PATH = '/v1/enroll'

/** Where proxies ask whether a request may go on. */
export const AUTHORIZE_PATH = '/v1/authorize'

/** Where the API server of a Kubernetes cluster asks about a token. */
export const TOKEN_REVIEW_PATH = '/v1/kubernetes/tokenreview'
