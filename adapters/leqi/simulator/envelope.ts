/** The answer's envelope and the platform's codes. Source: Leqi protocol 2.5, 2.7. */
import type { InnerEnvelope, WireError } from '../wire.js'

/** httpStatusCode → its text. */
const PLATFORM_TEXTS: Readonly<Record<string, string>> = {
  '-1': '未知错误',
  '500': '请求云服务集成平台异常',
  '5001': '云服务集成平台响应异常',
  '4032': '使用单位无授权服务',
  '4033': '使用单位未授权此服务',
  '4047': '未查询到该单位的测试批次号',
  '4049': '未查询到该能力与对应服务的相关信息',
  '4054': '未查询到此直连单位信息',
  '4055': '未查询到此使用单位信息',
  '4057': '报文解密失败',
  '4061': '未查询到服务其他信息',
  '4063': '沙箱服务请求报文业务校验不通过',
  '4067': '来源IP与备案出口IP不一致',
  '40321': '使用单位无资格',
  '40322': '直连单位无资格',
}

/** 200: the body is a text that holds JSON, and `Data` in it is encrypted. */
export function wrapData(requestId: string, data: string): string {
  return wrap('200', { Response: { RequestId: requestId, Data: data } })
}

/** 200 with an error, which is never encrypted. */
export function wrapError(requestId: string, error: WireError): string {
  return wrap('200', { Response: { RequestId: requestId, Error: error } })
}

/** Any other httpStatusCode; nobody should decrypt or read further. */
export function wrapPlatformCode(requestId: string, code: string): string {
  const error = { Code: code, Message: PLATFORM_TEXTS[code] ?? '未定义的返回码' }
  return wrap(code, { Response: { RequestId: requestId, Error: error } })
}

function wrap(httpStatusCode: string, inner: InnerEnvelope): string {
  return JSON.stringify({ httpStatusCode, body: JSON.stringify(inner) })
}
