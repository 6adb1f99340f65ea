/** Errors of the HTTP interface: RFC 9457 problem details with our code and both languages. */
import Type, { type Static } from 'typebox'

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
  },
  { additionalProperties: false },
)
export type Problem = Static<typeof Problem>

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

/** A problem of this status; one we have no words for is told as its class. Nothing of the cause leaves the house. */
export function makeProblem(status: number, requestId: string): Problem {
  const told = KINDS[status] === undefined ? (status >= 500 ? 500 : 400) : status
  return { type: 'about:blank', status: told, requestId, ...(KINDS[told] ?? BAD_REQUEST) }
}
