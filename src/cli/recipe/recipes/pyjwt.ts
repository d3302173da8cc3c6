// PyJWT in a WSGI application.

import { type Recipe, type RecipeDemands, defineRecipe } from '../form.ts'
import { quoted } from '../quote.ts'
import { conditionsOf } from './conditions.ts'

const set = (values: readonly string[]): string => `{${values.map(quoted).join(', ')}}`

const program = (demands: RecipeDemands): string => {
  const { issuer, audience, roles } = demands
  const conditions = conditionsOf(demands)
  const sets = conditions
    .map(({ name, values }) => `${name.toUpperCase()} = ${set(values)}\n`)
    .join('')
  const more = conditions
    .map(({ name, claim }) => ` or claims["ecs"]["${claim}"] not in ${name.toUpperCase()}`)
    .join('')
  return `import os
from wsgiref.simple_server import make_server

import jwt

ISSUER = ${quoted(issuer)}
AUDIENCE = ${quoted(audience)}  # your own name, as the policy of rollcall has it
ROLES = ${set(roles)}
${sets}
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=300)


def check_token(token):
    """Returns the claims of a valid token, and raises an exception for any other."""
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["ES256", "RS256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        leeway=30,
        options={"require": ["exp", "iat", "sub", "jti", "role"]},
    )
    header = jwt.get_unverified_header(token)  # verified by now: the signature covers it
    if header.get("typ") != "JWT":
        raise jwt.InvalidTokenError("not an enrollment token")
    if "crit" in header:
        raise jwt.InvalidTokenError("the header has an extension that this program does not know")
    if "cnf" in claims:
        raise jwt.InvalidTokenError("bound to a key: the instance has to exchange it first")
    return claims


def app(environ, start_response):
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        claims = check_token(token) if scheme.lower() == "bearer" else None
    except Exception as error:  # TypeError, for example, if the token names the wrong algorithm
        print(f"refused: {error!r}", flush=True)  # !r: a stranger wrote parts of it
        claims = None
    if not claims:
        start_response("401 Unauthorized", [("WWW-Authenticate", "Bearer")])
        return [b""]
    if claims["role"] not in ROLES${more}:
        start_response("403 Forbidden", [])
        return [b""]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{claims['ecs']['instance_id']}\\n".encode()]


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ.get("PORT", "8080")), app).serve_forever()
`
}

/** A WSGI application with PyJWT. */
export const pyjwt: Recipe = defineRecipe({
  name: 'pyjwt',
  title: 'Python with PyJWT',
  ran: 'PyJWT 2.6',
  ban: 'gets in until 30 seconds after its token expired',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {},
  page: 'use/python.md',
  files: (values) => [{ path: 'app.py', language: 'python', text: program(values) }],
  steps: () => [
    'pip install pyjwt cryptography',
    'PORT=8080 python3 app.py',
    'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/',
  ],
})
