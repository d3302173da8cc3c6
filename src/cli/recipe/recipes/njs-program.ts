// The program of nginx-njs.ts: verifies a token in nginx. It runs on njs 0.7.9, which cannot read JWKs and knows no
// destructuring.

import type { RecipeDemands } from '../form.ts'
import { js, jsList } from '../quote.ts'

const CONDITIONS = [
  ['accounts', 'ACCOUNTS', 'owner_account_id'],
  ['regions', 'REGIONS', 'region_id'],
] as const

/** The whole program, an ES module of njs. */
export const njsProgram = (demands: RecipeDemands): string => {
  const asked = CONDITIONS.filter(([name]) => demands[name].length > 0)
  const constants = asked.map(
    ([name, constant]) => `const ${constant} = ${jsList(demands[name])}\n`,
  )
  const checks = asked.map(
    ([, constant, claim]) => ` || ${constant}.indexOf(claims.ecs.${claim}) < 0`,
  )
  return `// Verifies a token of rollcall, for auth_request.

const ISSUER = ${js(demands.issuer)}
const AUDIENCE = ${js(demands.audience)}
const ROLES = ${jsList(demands.roles)}
${constants.join('')}const LEEWAY_SECONDS = 30

const ALGORITHMS = {
  ES256: {
    kty: 'EC',
    key: { name: 'ECDSA', namedCurve: 'P-256' },
    signature: { name: 'ECDSA', hash: 'SHA-256' },
  },
  RS256: {
    kty: 'RSA',
    key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    signature: { name: 'RSASSA-PKCS1-v1_5' },
  },
}

const bytes = (text) => Buffer.from(text, 'base64url')
const json = (text) => JSON.parse(bytes(text).toString())

const der = (tag, parts) => {
  const content = Buffer.concat(parts)
  const n = content.length
  const size = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255]
  return Buffer.concat([Buffer.from([tag].concat(size)), content])
}

// njs before 0.7.10 reads public keys as SPKI only (RFC 5480, RFC 8017).
const spki = (jwk) => {
  if (jwk.kty === 'EC') {
    const start = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
    return Buffer.concat([start, bytes(jwk.x), bytes(jwk.y)])
  }
  const zero = Buffer.from([0])
  const numbers = der(0x30, [der(2, [zero, bytes(jwk.n)]), der(2, [zero, bytes(jwk.e)])])
  const algorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex')
  return der(0x30, [algorithm, der(3, [zero, numbers])])
}

async function readClaims(r, token) {
  const parts = token.split('.')
  if (parts.length !== 3) throw new Error('not a token')
  const header = json(parts[0])
  const algorithm = Object.keys(ALGORITHMS).indexOf(header.alg) < 0 ? null : ALGORITHMS[header.alg]
  if (algorithm === null) throw new Error('another algorithm')
  if (header.typ !== 'JWT') throw new Error('not an enrollment token')
  if ('crit' in header) throw new Error('an extension that this program does not know')
  const answer = await r.subrequest('/_rollcall_keys')
  if (answer.status !== 200) throw new Error(\`the keys: status \${answer.status}\`)
  const jwk = JSON.parse(answer.responseText).keys.filter((key) => key.kid === header.kid)[0]
  if (!jwk || jwk.kty !== algorithm.kty) throw new Error('unknown key')
  const key = await crypto.subtle.importKey('spki', spki(jwk), algorithm.key, false, ['verify'])
  const signed = \`\${parts[0]}.\${parts[1]}\`
  if (!(await crypto.subtle.verify(algorithm.signature, key, bytes(parts[2]), signed))) {
    throw new Error('the signature is wrong')
  }
  return json(parts[1])
}

const checkClaims = (claims) => {
  const now = Date.now() / 1000
  if (claims.iss !== ISSUER) throw new Error('another issuer')
  if (!Array.isArray(claims.aud) || claims.aud.indexOf(AUDIENCE) < 0) {
    throw new Error('another audience')
  }
  if (!(claims.exp + LEEWAY_SECONDS > now)) throw new Error('expired')
  if (!(claims.nbf - LEEWAY_SECONDS <= now)) throw new Error('not yet valid')
  if ('cnf' in claims) throw new Error('bound to a key: the instance has to exchange it first')
}

async function authorize(r) {
  try {
    const found = /^Bearer +([A-Za-z0-9_.-]+)$/i.exec(r.headersIn.Authorization || '')
    if (found === null) throw new Error('no token')
    const claims = await readClaims(r, found[1])
    checkClaims(claims)
    if (ROLES.indexOf(claims.role) < 0${checks.join('')}) {
      r.return(403)
      return
    }
    r.headersOut['X-Rollcall-Subject'] = claims.sub
    r.headersOut['X-Rollcall-Instance'] = claims.ecs.instance_id
    r.headersOut['X-Rollcall-Account'] = claims.ecs.owner_account_id
    r.headersOut['X-Rollcall-Region'] = claims.ecs.region_id
    r.headersOut['X-Rollcall-Role'] = claims.role
    r.headersOut['X-Rollcall-Groups'] = (claims.groups || []).join(',')
    r.headersOut['X-Rollcall-Expires'] = String(claims.exp)
    r.return(204)
  } catch (error) {
    // A stranger wrote parts of it: without line breaks.
    r.warn(\`rollcall: refused: \${JSON.stringify(error.message)}\`)
    r.headersOut['WWW-Authenticate'] = 'Bearer'
    r.return(401)
  }
}

export default { authorize }
`
}
