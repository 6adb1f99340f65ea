/** Errors of the HTTP interface: RFC 9457 problem details with our code and both languages. */
import Type, { type Static } from 'typebox'
import type { PublicFault } from '../connector/kernel/fault.js'
import type { Refusal, RefusalKind } from '../connector/kernel/refusal.js'

export const PROBLEM_TYPE = 'application/problem+json'

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    message: Type.String(),
    messageEn: Type.String(),
    requestId: Type.String(),
    faults: Type.Optional(
      Type.Array(
        Type.Object({
          code: Type.String(),
          path: Type.String({ description: 'JSON Pointer into what was sent' }),
          message: Type.String(),
          messageEn: Type.String(),
        }),
      ),
    ),
  },
  { additionalProperties: false },
)
export type Problem = Static<typeof Problem>

/** Of every route: what it answers when it does not answer what it is for. */
export const PROBLEMS = { '4xx': Problem, '5xx': Problem } as const

interface Kind {
  title: string
  code: string
  message: string
  messageEn: string
}

const BAD_REQUEST: Kind = {
  title: 'Bad Request',
  code: 'HTTP-400',
  message: '请求无法解读',
  messageEn: 'the request cannot be read',
}

const KINDS: Readonly<Record<number, Kind>> = {
  400: BAD_REQUEST,
  404: { title: 'Not Found', code: 'HTTP-404', message: '没有该地址', messageEn: 'there is nothing at this address' },
  413: { title: 'Content Too Large', code: 'HTTP-413', message: '请求体过大', messageEn: 'the body is too large' },
  415: {
    title: 'Unsupported Media Type',
    code: 'HTTP-415',
    message: '不支持该内容类型',
    messageEn: 'this content type is not supported',
  },
  500: {
    title: 'Internal Server Error',
    code: 'HTTP-500',
    message: '内部错误，请凭 requestId 查日志',
    messageEn: 'internal error; find it in the log by requestId',
  },
  503: {
    title: 'Service Unavailable',
    code: 'HTTP-503',
    message: '暂时无法回答',
    messageEn: 'no answer at the moment',
  },
}

const REFUSALS: Readonly<Record<RefusalKind, { status: number; title: string }>> = {
  invalid: { status: 422, title: 'Unprocessable Content' },
  unreadable: { status: 400, title: 'Bad Request' },
  unconditional: { status: 428, title: 'Precondition Required' },
  unauthenticated: { status: 401, title: 'Unauthorized' },
  forbidden: { status: 403, title: 'Forbidden' },
  not_found: { status: 404, title: 'Not Found' },
  conflict: { status: 409, title: 'Conflict' },
  stale: { status: 412, title: 'Precondition Failed' },
  too_many: { status: 429, title: 'Too Many Requests' },
}

/** What a use case said, in its own words. */
export function problemOf(refusal: Refusal, requestId: string): Problem {
  const { code, message, messageEn, faults } = refusal
  const { status, title } = REFUSALS[refusal.kind]
  return { type: 'about:blank', title, status, code, message, messageEn, requestId, ...withFaults(faults) }
}

/** What a validator found in a request, as it names it: by JSON Schema keyword. */
export interface SchemaFinding {
  instancePath: string
  keyword: string
  message?: string | undefined
}

/** A request that does not fit its schema, every place named. `part`: body, querystring, params, headers. */
export function problemOfSchema(part: string, findings: readonly SchemaFinding[], requestId: string): Problem {
  const faults = findings.map(({ instancePath, keyword, message }): PublicFault => {
    return { ...(SCHEMA_FAULTS[keyword] ?? WRONG_SHAPE), path: instancePath, messageEn: message ?? keyword }
  })
  return {
    ...{ type: 'about:blank', title: 'Bad Request', status: 400, code: 'API-schema', requestId },
    ...{ message: `请求（${part}）不符合接口定义`, messageEn: `the request (${part}) does not fit its schema` },
    ...withFaults(faults),
  }
}

const UNKNOWN_FIELD = { code: 'API-unknown-field', message: '存在未定义的字段' }
const WRONG_VALUE = { code: 'API-value', message: '不在允许的取值之内' }
const WRONG_LENGTH = { code: 'API-length', message: '长度不在允许范围内' }
const WRONG_FORM = { code: 'API-form', message: '格式不正确' }
const WRONG_RANGE = { code: 'API-range', message: '数值不在允许范围内' }
const WRONG_COUNT = { code: 'API-count', message: '条目数不在允许范围内' }
const WRONG_SHAPE = { code: 'API-shape', message: '不符合任何一种允许的形式' }

/** By keyword of JSON Schema. */
const SCHEMA_FAULTS: Readonly<Record<string, { code: string; message: string }>> = {
  required: { code: 'API-missing', message: '缺少必填字段' },
  type: { code: 'API-type', message: '类型不正确' },
  additionalProperties: UNKNOWN_FIELD,
  unevaluatedProperties: UNKNOWN_FIELD,
  enum: WRONG_VALUE,
  const: WRONG_VALUE,
  minLength: WRONG_LENGTH,
  maxLength: WRONG_LENGTH,
  pattern: WRONG_FORM,
  format: WRONG_FORM,
  minimum: WRONG_RANGE,
  maximum: WRONG_RANGE,
  minItems: WRONG_COUNT,
  maxItems: WRONG_COUNT,
}

function withFaults(faults: readonly PublicFault[]): { faults?: PublicFault[] } {
  return faults.length === 0 ? {} : { faults: [...faults] }
}

/** A problem of this status; one we have no words for is told as its class. Nothing of the cause leaves the house. */
export function makeProblem(status: number, requestId: string): Problem {
  const told = KINDS[status] === undefined ? (status >= 500 ? 500 : 400) : status
  return { type: 'about:blank', status: told, requestId, ...(KINDS[told] ?? BAD_REQUEST) }
}
