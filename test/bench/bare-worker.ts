// A Worker of Hono and jose and nothing else: a role comes in, a signed token goes out and can be verified. What
// our Worker costs to start is compared with it.

import { Hono } from 'hono/tiny'
import { type JWK, SignJWT, importJWK, jwtVerify } from 'jose'

const ALGORITHM = 'ES256'

interface Env {
  readonly Bindings: {
    readonly ROLLCALL_SIGNING_KEYS: string
    /** Set: each challenge has a line in the log, as each of ours has. */
    readonly BARE_AUDIT?: string
  }
}

let imported: ReturnType<typeof importJWK> | undefined
const signingKey = (text: string): ReturnType<typeof importJWK> => {
  const { keys } = JSON.parse(text) as { keys: JWK[] }
  return (imported ??= importJWK(keys[0] as JWK, ALGORITHM))
}

const app = new Hono<Env>()

app.post('/v1/challenge', async (context) => {
  const { role } = await context.req.parseBody()
  const token = new SignJWT({ role }).setProtectedHeader({ alg: ALGORITHM })
  const audience = await token
    .setIssuedAt()
    .setExpirationTime('2 minutes')
    .sign(await signingKey(context.env.ROLLCALL_SIGNING_KEYS))
  if (context.env.BARE_AUDIT !== undefined) {
    // oxlint-disable-next-line no-console -- what is measured
    console.log(JSON.stringify({ time: new Date().toISOString(), event: 'challenge', role }))
  }
  return context.json({ audience, expires_in: 120 })
})

app.post('/v1/enroll', async (context) => {
  const { audience } = await context.req.parseBody()
  const key = await signingKey(context.env.ROLLCALL_SIGNING_KEYS)
  const { payload } = await jwtVerify(String(audience), key)
  return context.json(payload)
})

// oxlint-disable-next-line import/no-default-export -- workerd takes the default export
export default app
