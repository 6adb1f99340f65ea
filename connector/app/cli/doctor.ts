/** `doctor`: looks at everything a start needs, one line each, and says what to do about what is wrong. */
import { getCiphers } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { makeDatabase } from '../../../adapters/postgres/database.js'
import { loadDeployment } from '../../../adapters/postgres/deployment.js'
import { makePool } from '../../../adapters/postgres/pool.js'
import { compareMigrations, judgeServer, loadServerFacts } from '../../../adapters/postgres/server-facts.js'
import { makeSettingsStore, type StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { makeConnection } from '../../../adapters/rabbitmq/connection.js'
import { systemClock } from '../../../adapters/system/clock.js'
import { makeLogger } from '../../../adapters/system/logger.js'
import { makeSealer, SealError } from '../../../adapters/system/sealing.js'
import { ConfigError, type ConfigWith, loadConfig } from '../config.js'
import { judgeApiAddress } from '../configuration/api-address.js'
import type { ExitCode, VerbContext } from './verbs.js'

/** How long the broker may take; shorter than at a start, a person is waiting. */
const BROKER_TIMEOUT_MS = 5_000

type Grade = 'ok' | 'warn' | 'bad'

interface Diagnosis {
  grade: Grade
  subject: string
  message: string
  messageEn: string
}

type DoctorConfig = ConfigWith<'databaseUrl' | 'amqpUrl' | 'masterKey'>

export async function doctor(context: VerbContext): Promise<ExitCode> {
  const diagnoses: Diagnosis[] = []
  const tell = (diagnosis: Diagnosis) => {
    diagnoses.push(diagnosis)
    context.print(`${diagnosis.grade.padEnd(4)} ${diagnosis.subject}: ${diagnosis.message} / ${diagnosis.messageEn}`)
  }
  tell(examineNode())
  const config = readConfig(context, tell)
  if (config !== null) {
    await examineDatabase(config, tell)
    await examineBroker(config, tell)
  }
  return diagnoses.some(({ grade }) => grade === 'bad') ? 1 : 0
}

type Tell = (diagnosis: Diagnosis) => void

function examineNode(): Diagnosis {
  const subject = `Node.js ${process.versions.node}`
  return getCiphers().includes('sm4-ecb')
    ? { grade: 'ok', subject, message: 'OpenSSL 支持 SM4', messageEn: 'OpenSSL has SM4' }
    : {
        grade: 'warn',
        subject,
        message: 'OpenSSL 无 SM4，改用较慢的实现',
        messageEn: 'OpenSSL lacks SM4, a slower one is used',
      }
}

function readConfig({ source }: VerbContext, tell: Tell): DoctorConfig | null {
  try {
    const config = loadConfig(source, ['databaseUrl', 'amqpUrl', 'masterKey'])
    tell({ grade: 'ok', subject: '环境变量 / environment', message: '可用', messageEn: 'usable' })
    return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { variable, message, messageEn } of error.problems)
      tell({ grade: 'bad', subject: variable, message, messageEn })
    return null
  }
}

async function examineDatabase(config: DoctorConfig, tell: Tell): Promise<void> {
  const pool = makePool({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector doctor',
    connectionCountMax: 1,
    onError: () => undefined,
  })
  try {
    const facts = await loadServerFacts(pool, config.databaseSchema)
    const subject = `PostgreSQL ${facts.version}`
    const problems = judgeServer(facts)
    for (const problem of problems) tell({ grade: 'bad', subject, ...problem })
    if (problems.length === 0) tell({ grade: 'ok', subject, message: '可用', messageEn: 'suitable' })
    if (examineMigrations(config, facts.migrations, tell)) await examineSettings(config, pool, tell)
  } catch (error) {
    tell({ grade: 'bad', subject: 'DATABASE_URL', ...describe(error) })
  } finally {
    await pool.end()
  }
}

/** Whether the tables are there to be looked into. */
function examineMigrations({ databaseSchema }: DoctorConfig, completed: readonly string[] | null, tell: Tell): boolean {
  const { pending, unknown } = compareMigrations(completed)
  const subject = `模式 / schema ${databaseSchema}`
  if (unknown.length > 0) {
    const names = unknown.join(', ')
    tell({
      grade: 'bad',
      subject,
      message: `由更新的版本迁移过（${names}）`,
      messageEn: `migrated by a newer release (${names})`,
    })
  } else if (pending.length > 0) {
    const names = pending.join(', ')
    tell({
      grade: 'warn',
      subject,
      message: `待迁移：${names}；启动或 migrate 时执行`,
      messageEn: `migrations pending: ${names}; start or migrate runs them`,
    })
  } else tell({ grade: 'ok', subject, message: '已是最新', messageEn: 'up to date' })
  return pending.length === 0
}

async function examineSettings(config: DoctorConfig, pool: pg.Pool, tell: Tell): Promise<void> {
  const settings = makeSettingsStore()
  const sealer = makeSealer(config.masterKey)
  const database = makeDatabase(pool, { random: Math.random, sleep })
  const { owner, stored } = await database.transaction('other', async (tx) => ({
    owner: await loadDeployment(tx),
    stored: await settings.load(tx),
  }))
  if (owner !== null && !sealer.isOwnCheckValue(owner.keyCheck, owner.id)) {
    tell({
      grade: 'bad',
      subject: 'LEQI_MASTER_KEY',
      message: '与数据库中的不一致',
      messageEn: 'is not the one this database was sealed with',
    })
    return
  }
  tell({ grade: 'ok', subject: 'LEQI_MASTER_KEY', message: '与数据库一致', messageEn: 'fits the database' })
  examineUnits(config, stored, (sealed, id) => sealer.open(sealed, { unit: id, field: 'apiKey' }), tell)
}

function examineUnits(
  { insecureHosts }: DoctorConfig,
  { directUnits, usingUnits, issuing, businessTypes }: StoredSettings,
  open: (sealed: string, unitId: string) => unknown,
  tell: Tell,
): void {
  if (usingUnits.length === 0) {
    tell({
      grade: 'warn',
      subject: '单位 / units',
      message: '尚无使用单位，请执行 apply',
      messageEn: 'no using unit yet, run apply',
    })
  }
  for (const { id, leqiId, name, apiUrl, environment, apiKeySealed } of directUnits) {
    const subject = `直连单位 / direct unit ${name} (${leqiId})`
    const refusal = judgeApiAddress(apiUrl, environment, insecureHosts)
    if (refusal !== null) tell({ grade: 'bad', subject, message: refusal.zh, messageEn: refusal.en })
    if (apiKeySealed === null) tell({ grade: 'bad', subject, message: '没有密钥', messageEn: 'has no API key' })
    else if (!opens(() => open(apiKeySealed, id))) {
      tell({
        grade: 'bad',
        subject,
        message: '所存密钥无法解密，请重新录入',
        messageEn: 'its stored key does not open, give it again',
      })
    }
  }
  for (const { taxNo, name, isVerified } of usingUnits) {
    const subject = `使用单位 / using unit ${name} (${taxNo})`
    const canIssue = issuing.some((entry) => entry.taxNo === taxNo)
    if (!isVerified)
      tell({ grade: 'warn', subject, message: '未验证，请执行 apply', messageEn: 'not verified, run apply' })
    else if (!canIssue)
      tell({ grade: 'warn', subject, message: '没有开票业务配置', messageEn: 'has no issuing settings' })
    else tell({ grade: 'ok', subject, message: '验证通过', messageEn: 'verified' })
  }
  const unmapped = businessTypes.filter(({ mappingSha256 }) => mappingSha256 === null).map(({ code }) => code)
  if (unmapped.length > 0) {
    const codes = unmapped.join(', ')
    tell({
      grade: 'warn',
      subject: `业务类型 / business types ${codes}`,
      message: '没有映射',
      messageEn: 'have no mapping',
    })
  }
}

async function examineBroker(config: DoctorConfig, tell: Tell): Promise<void> {
  let version = ''
  const connection = makeConnection({
    url: config.amqpUrl.reveal(),
    name: 'leqi-connector doctor',
    ca: config.caPem,
    prepare: async ({ connection: { serverProperties } }) => {
      version = ` ${serverProperties.version}`
    },
    clock: systemClock,
    log: makeLogger({ level: 'silent' }),
    random: Math.random,
    startTimeoutMs: BROKER_TIMEOUT_MS,
  })
  try {
    await connection.start()
    tell({ grade: 'ok', subject: `RabbitMQ${version}`, message: '可用', messageEn: 'reachable' })
  } catch (error) {
    tell({ grade: 'bad', subject: 'AMQP_URL', ...describe(error) })
  } finally {
    await connection.stop()
  }
}

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch (error) {
    if (error instanceof SealError) return false
    throw error
  }
}

function describe(error: unknown): Pick<Diagnosis, 'message' | 'messageEn'> {
  if (!(error instanceof Error)) return { message: String(error), messageEn: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : ''
  const messageEn = 'messageEn' in error && typeof error.messageEn === 'string' ? error.messageEn : error.message
  return { message: `${code}${error.message}`, messageEn: `${code}${messageEn}` }
}
