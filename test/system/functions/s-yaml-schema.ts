// What the components fc3 and fc3-domain take, as far as s.yaml says it, in words of our own after what
// https://github.com/devsapp/fc3 and https://github.com/devsapp/fc3-domain (src/schema.json, MIT) and the
// API's reference say. Stricter than theirs: a name that isn't known is refused, since a misspelt one would
// be deployed in silence, and so is whatever this service can't do with.

const strict = (
  properties: Readonly<Record<string, object>>,
  optional: readonly string[] = [],
): object => ({
  type: 'object',
  properties,
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
})
const whole = (minimum: number, maximum: number): object => ({ type: 'integer', minimum, maximum })
const oneOf = (...values: readonly (string | number | boolean)[]): object => ({ enum: values })
const list = (items: object): object => ({ type: 'array', items, minItems: 1, uniqueItems: true })
const text = { type: 'string', minLength: 1 }

const REGIONS =
  'ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5 ' +
  'ap-southeast-7 cn-beijing cn-chengdu cn-hangzhou cn-hongkong cn-huhehaote cn-qingdao cn-shanghai ' +
  'cn-shenzhen cn-wulanchabu cn-zhangjiakou eu-central-1 eu-west-1 me-central-1 us-east-1 us-west-1'
const REGION = oneOf(...REGIONS.split(' '))
const FUNCTION_NAME = { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_-]{0,63}$' }
const HOOK = strict({ handler: text, timeout: whole(1, 300) })

export const FUNCTION_SCHEMA = strict(
  {
    region: REGION,
    functionName: FUNCTION_NAME,
    description: text,
    runtime: oneOf('custom.debian12'),
    layers: list({
      type: 'string',
      pattern: '^acs:fc:[a-z0-9-]+:official:layers/Nodejs24/versions/[0-9]+$',
    }),
    code: text,
    customRuntimeConfig: strict({
      command: list(text),
      port: whole(1, 65_535),
      healthCheckConfig: strict({
        httpGetUrl: { type: 'string', pattern: '^/' },
        initialDelaySeconds: whole(0, 120),
        periodSeconds: whole(1, 120),
        timeoutSeconds: whole(1, 3),
        failureThreshold: whole(1, 120),
        successThreshold: whole(1, 120),
      }),
    }),
    instanceLifecycleConfig: strict({ initializer: HOOK, preStop: HOOK }),
    environmentVariables: { type: 'object', additionalProperties: { type: 'string' } },
    timeout: whole(1, 86_400),
    instanceConcurrency: whole(1, 200),
    cpu: { type: 'number', minimum: 0.05, maximum: 16 },
    memorySize: { type: 'integer', minimum: 128, maximum: 32_768, multipleOf: 64 },
    diskSize: oneOf(512, 10_240),
    disableInjectCredentials: oneOf('None', 'Env', 'Request', 'All'),
    vpcConfig: strict({ vpcId: text, vSwitchIds: list(text), securityGroupId: text }),
    internetAccess: { type: 'boolean' },
    logConfig: { anyOf: [oneOf('auto'), strict({ project: text, logstore: text })] },
    asyncInvokeConfig: strict({
      maxAsyncRetryAttempts: whole(0, 8),
      maxAsyncEventAgeInSeconds: whole(1, 2_592_000),
    }),
    triggers: list(
      strict({
        triggerName: text,
        triggerType: oneOf('http'),
        qualifier: text,
        triggerConfig: strict({
          authType: oneOf('anonymous', 'function', 'jwt'),
          methods: list(oneOf('DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT')),
        }),
      }),
    ),
  },
  ['vpcConfig', 'internetAccess'],
)

const TLS_VERSION = oneOf('TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3')

export const DOMAIN_SCHEMA = strict({
  region: REGION,
  domainName: text,
  protocol: oneOf('HTTP', 'HTTPS', 'HTTP,HTTPS'),
  certConfig: strict({ certId: text }),
  tlsConfig: strict({
    minVersion: TLS_VERSION,
    maxVersion: TLS_VERSION,
    cipherSuites: list({ type: 'string', pattern: '^TLS_[A-Z0-9_]+$' }),
  }),
  routeConfig: strict({
    routes: list(strict({ path: text, functionName: FUNCTION_NAME, qualifier: text })),
  }),
})
