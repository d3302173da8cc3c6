// Caddy with forward_auth: Caddy asks /v1/authorize about each request.

import { usageError } from '../../command-error.ts'
import { addressOf } from '../address.ts'
import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import {
  ASKING_PROXY,
  ASKING_OPTIONS,
  authorizePath,
  originOf,
  proxySteps,
  secretDropIn,
  secretScript,
} from './proxy-secret.ts'

type Values = RecipeValues<'host' | 'listen' | 'name' | 'secretFile' | 'upstream'>

// Each value has a pattern that needs no quotes here: `options.ts`.
const site = (values: Values): string => {
  const { issuer, host, listen, upstream } = values
  const { host: address, port } = addressOf(listen)
  if (port === '80')
    throw usageError('--listen: Caddy speaks http on port 80; expected another port')
  return `${originOf(values)} {
${address === undefined ? '' : `	bind ${address}\n\n`}	# In this order: without "route" Caddy would sort the directives.
	route {
		# What only a proxy may say. A second spelling has an underscore, which some frameworks take for a dash.
		request_header -X-Rollcall*
		request_header -X_Rollcall*
		request_header -X-Forwarded*
		request_header -X_Forwarded*
		request_header -X-Original*
		request_header -X_Original*
		request_header -X-Rewrite-Url
		request_header -X-Real-Ip
		request_header -X-Fc-*
		request_header -Forwarded

		# "Connection: X-Rollcall-Role" would make Caddy remove the role.
		@not_upgrade {
			not header Connection Upgrade
			not header Connection "keep-alive, Upgrade"
		}
		request_header @not_upgrade -Connection
		# A second Connection header of an upgrade is dropped, too.
		@upgrade header Connection Upgrade
		request_header @upgrade Connection Upgrade
		@keep_alive_upgrade header Connection "keep-alive, Upgrade"
		request_header @keep_alive_upgrade Connection Upgrade

		# An app may take the method from a header; the proof is for the method of the request.
		request_header -X-Http-Method*
		request_header -X_Http_Method*
		request_header -X-Method-Override

		forward_auth ${issuer} {
			# Always with its query: without one, Caddy would add the client's.
			uri ${authorizePath(values)}
			header_up Host {upstream_hostport}
			header_up X-Rollcall-Proxy {env.ROLLCALL_PROXY_SECRET}
			copy_headers X-Rollcall-Subject X-Rollcall-Instance X-Rollcall-Account X-Rollcall-Region
			copy_headers X-Rollcall-Role X-Rollcall-Groups X-Rollcall-Key X-Rollcall-Expires
		}

		# Token and proof end here.
		request_header -Authorization
		request_header -DPoP
		reverse_proxy ${upstream} {
			header_up Host ${host}
		}
	}
}
`
}

/** Caddy with forward_auth. */
export const caddy: Recipe = defineRecipe({
  name: 'caddy',
  title: 'Caddy with forward_auth',
  ran: 'Caddy 2.6',
  ...ASKING_PROXY,
  options: {
    ...ASKING_OPTIONS,
    secretFile: '/etc/caddy/rollcall.env',
  },
  page: 'use/caddy.md',
  files: (values) => [
    { path: '/etc/caddy/Caddyfile', language: 'caddyfile', text: site(values) },
    secretScript(values, 'ROLLCALL_PROXY_SECRET=%s'),
    secretDropIn('caddy', values),
  ],
  steps: (values) =>
    proxySteps(
      values,
      'put rollcall.conf at its place, or write its two lines with: systemctl edit caddy',
      'systemctl daemon-reload && caddy validate --config /etc/caddy/Caddyfile && systemctl restart caddy',
    ),
})
