// All recipes, in the order of `RECIPE_NAMES`.

import type { Recipe } from '../form.ts'
import { alibabaRam } from './alibaba-ram.ts'
import { apacheOauth2, apacheOauth2Bound } from './apache-oauth2.ts'
import { apacheOpenidc } from './apache-openidc.ts'
import { caddy } from './caddy.ts'
import { consul } from './consul.ts'
import { envoy } from './envoy.ts'
import { expressOauth2JwtBearer } from './express-oauth2-jwt-bearer.ts'
import { goOidc } from './go-oidc.ts'
import { haproxy } from './haproxy.ts'
import { jose } from './jose.ts'
import { kubernetes } from './kubernetes.ts'
import { nginx } from './nginx.ts'
import { nginxNjs } from './nginx-njs.ts'
import { boundTokens, express, fetchHandler, hono, nodeHttp } from './own-library.ts'
import { pyjwt } from './pyjwt.ts'
import { rabbitmq } from './rabbitmq.ts'
import { stepCa } from './step-ca.ts'
import { traefik } from './traefik.ts'
import { vault } from './vault.ts'

/** All recipes. */
export const RECIPES: readonly Recipe[] = [
  nginx,
  nginxNjs,
  apacheOpenidc,
  apacheOauth2,
  apacheOauth2Bound,
  haproxy,
  caddy,
  traefik,
  envoy,
  hono,
  express,
  nodeHttp,
  fetchHandler,
  boundTokens,
  jose,
  expressOauth2JwtBearer,
  pyjwt,
  goOidc,
  kubernetes,
  vault,
  consul,
  stepCa,
  rabbitmq,
  alibabaRam,
]
