/** Turns whatever a verb threw into lines for people: what, where to look, and no stack unless debugging. */
import { ConfigError, type Environment } from '../config.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

/** User and password in any address; drivers like to quote what they were given. */
const CREDENTIALS = /(\w:\/\/)[^\s/@]*@/g
/** The way to a server failed. */
const NETWORK_CODES = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EPIPE']
/** PostgreSQL refused the login, or has no such database. */
const LOGIN_CODES = ['28000', '28P01', '3D000']
/** No such table, no such schema. */
const UNMIGRATED_CODES = ['42P01', '3F000']

export function tellError(error: unknown, { source, complain }: VerbContext): ExitCode {
  for (const line of describeError(error)) complain(line.replace(CREDENTIALS, '$1***@'))
  if (isDebugging(source.env) && error instanceof Error) complain((error.stack ?? '').replace(CREDENTIALS, '$1***@'))
  return error instanceof VerbRefused ? error.exitCode : 2
}

/** An error that nobody expected ends the process; where it happened is all there is to go by. */
export function tellCrash(error: Error, { complain }: VerbContext): ExitCode {
  complain((error.stack ?? error.message).replace(CREDENTIALS, '$1***@'))
  return 2
}

function describeError(error: unknown): string[] {
  if (error instanceof ConfigError) {
    return [
      ...error.problems.map(({ variable, message, messageEn }) => `${variable}: ${message} / ${messageEn}`),
      '说明见 README 的配置表 / see the configuration table of the README',
    ]
  }
  if (!(error instanceof Error)) return [`错误 / error: ${String(error)}`]
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  if ('messageEn' in error && typeof error.messageEn === 'string') {
    return [`${code === null ? '' : `${code}: `}${error.message} / ${error.messageEn}`]
  }
  if (code !== null && NETWORK_CODES.includes(code)) {
    const why = error.message === '' ? code : error.message
    return [
      `无法连接服务器（${why}），请核对 DATABASE_URL、AMQP_URL / a server cannot be reached (${why}): check DATABASE_URL and AMQP_URL`,
    ]
  }
  if (code !== null && LOGIN_CODES.includes(code)) {
    return [
      `PostgreSQL 拒绝登录（${code}），请核对 DATABASE_URL / PostgreSQL refuses the login (${code}): check DATABASE_URL`,
    ]
  }
  if (code !== null && UNMIGRATED_CODES.includes(code)) {
    return [
      '数据库模式尚未迁移，请先运行 leqi-connector migrate / the schema was never migrated: run leqi-connector migrate first',
    ]
  }
  return [
    `错误 / error: ${code === null ? '' : `${code} `}${error.message}`,
    'LOG_LEVEL=debug 可显示详情 / LOG_LEVEL=debug shows the details',
  ]
}

function isDebugging(env: Environment): boolean {
  return env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace'
}
