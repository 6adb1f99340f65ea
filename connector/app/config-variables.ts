/**
 * Every environment variable the product reads, as data: name, schema, default, meaning. `config.ts` reads by this
 * table, the README's table is made of it.
 *
 * A value is first read from its text (`read`), then judged by its schema, then by `refuse`, which may say why a
 * well-formed value is not acceptable. No message ever holds the value.
 */
import Type, { type TSchema } from 'typebox'

export interface Bilingual {
  zh: string
  en: string
}

export interface Variable {
  name: string
  schema: TSchema
  /** Text → value; null when the text has not even the form. Absent: the text is the value. */
  read?: (text: string) => unknown
  /** Used when the variable is not set or empty; null: nothing. */
  fallback: string | number | boolean | readonly string[] | null
  /** What is said of the default where the value alone does not tell it. */
  fallbackMeaning?: Bilingual
  /** Held as a Secret and readable from the file that `NAME_FILE` names. */
  isSecret?: true
  meaning: Bilingual
  /** What a good value looks like; said when a value is not one. */
  expected: Bilingual
  /** Why a value of good form is refused all the same; null when it is not. */
  refuse?: (text: string) => Bilingual | null
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Bytes of the master key (AES-256). */
const MASTER_KEY_BYTES = 32
/** Fewer different bytes than this among 32 are no random key: chance is about one in a thousand million. */
const MASTER_KEY_DISTINCT_BYTES_MIN = 17

export const VARIABLES = {
  databaseUrl: {
    name: 'DATABASE_URL',
    schema: Type.String({ maxLength: 2_000 }),
    fallback: null,
    isSecret: true,
    meaning: { zh: 'PostgreSQL 连接地址', en: 'address of PostgreSQL' },
    expected: { zh: '须为 postgres:// 地址', en: 'must be a postgres:// address' },
    refuse: (text) => refuseUrl(text, ['postgres:', 'postgresql:']) ?? refuseUnverifiedTls(text),
  },
  amqpUrl: {
    name: 'AMQP_URL',
    schema: Type.String({ maxLength: 2_000 }),
    fallback: null,
    isSecret: true,
    meaning: { zh: 'RabbitMQ 连接地址', en: 'address of RabbitMQ' },
    expected: { zh: '须为 amqp:// 或 amqps:// 地址', en: 'must be an amqp:// or amqps:// address' },
    refuse: (text) => refuseUrl(text, ['amqp:', 'amqps:']),
  },
  host: {
    name: 'HOST',
    schema: Type.String({ maxLength: 253, pattern: '^[A-Za-z0-9.:_-]+$' }),
    fallback: '127.0.0.1',
    meaning: { zh: 'HTTP 服务监听的地址', en: 'address the HTTP server listens on' },
    expected: { zh: '须为主机名或 IP 地址', en: 'must be a host name or an IP address' },
  },
  port: {
    name: 'PORT',
    schema: Type.Integer({ minimum: 0, maximum: 65_535 }),
    read: readInteger,
    fallback: 8080,
    meaning: { zh: 'HTTP 服务监听的端口，0 表示任意空闲端口', en: 'port of the HTTP server, 0 takes any free one' },
    expected: { zh: '须为 0 到 65535 的整数', en: 'must be an integer from 0 to 65535' },
  },
  logLevel: {
    name: 'LOG_LEVEL',
    schema: Type.Enum(LOG_LEVELS),
    fallback: 'info',
    meaning: { zh: '日志级别', en: 'log level' },
    expected: { zh: `须为 ${LOG_LEVELS.join('、')} 之一`, en: `must be one of ${LOG_LEVELS.join(', ')}` },
  },
  masterKey: {
    name: 'LEQI_MASTER_KEY',
    schema: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
    fallback: null,
    isSecret: true,
    meaning: {
      zh: '加密保存密钥的主密钥：32 字节的 base64（`openssl rand -base64 32`），丢失则所存密钥不可恢复',
      en: 'seals the stored keys: 32 bytes in base64 (`openssl rand -base64 32`); without it stored keys are lost',
    },
    expected: { zh: '须为 32 字节的 base64（44 个字符）', en: 'must be 32 bytes in base64 (44 characters)' },
    refuse: refuseSampleKey,
  },
  insecureHosts: {
    name: 'LEQI_INSECURE_HOSTS',
    schema: Type.Array(Type.String({ pattern: '^(\\[[0-9a-f:]+\\]|[a-z0-9._-]+):[0-9]{1,5}$' }), { maxItems: 50 }),
    read: readHosts,
    fallback: [],
    meaning: {
      zh: '允许用明文 http:// 访问的 host:port，逗号分隔（仅模拟器）',
      en: 'comma-separated host:port that may be called over plain http:// (simulators only)',
    },
    expected: { zh: '须为逗号分隔的 host:port', en: 'must be host:port, separated by commas' },
  },
  callbackHosts: {
    name: 'LEQI_CALLBACK_HOSTS',
    schema: Type.Array(Type.String({ pattern: '^(\\[[0-9a-f:]+\\]|[a-z0-9._-]+):[0-9]{1,5}$' }), { maxItems: 50 }),
    read: readHosts,
    fallback: [],
    meaning: {
      zh: '内部的回调目标 host:port，逗号分隔：允许内网地址、任意端口与明文 http://',
      en: 'comma-separated host:port of internal callback targets: private addresses, any port and plain http:// allowed',
    },
    expected: { zh: '须为逗号分隔的 host:port', en: 'must be host:port, separated by commas' },
  },
  caPem: {
    name: 'LEQI_CA_FILE',
    schema: Type.String({ minLength: 1, maxLength: 4_096 }),
    fallback: null,
    meaning: {
      zh: '访问乐企与回调目标时另外信任的根证书文件（PEM）',
      en: 'PEM file of a further root certificate trusted for Leqi and callback targets',
    },
    expected: { zh: '须为可读的 PEM 证书文件', en: 'must be a readable PEM certificate file' },
  },
  dataDir: {
    name: 'LEQI_DATA_DIR',
    schema: Type.String({ minLength: 1, maxLength: 4_096 }),
    fallback: null,
    fallbackMeaning: { zh: '临时目录，结束时删除', en: 'a temporary folder, removed at the end' },
    meaning: {
      zh: '内嵌数据库、版式文件，以及识别数据库被恢复的水位记录的目录',
      en: 'folder of the embedded database, of layout files, and of the note by which a restored database is noticed',
    },
    expected: { zh: '须为目录路径', en: 'must be the path of a folder' },
  },
  bootstrapToken: {
    name: 'LEQI_BOOTSTRAP_TOKEN',
    schema: Type.String({ minLength: 16, maxLength: 200, pattern: '^[!-~]+$' }),
    fallback: null,
    isSecret: true,
    meaning: { zh: '创建首位管理员的一次性令牌', en: 'one-time token that creates the first administrator' },
    expected: {
      zh: '须为 16 到 200 个可见 ASCII 字符',
      en: 'must be 16 to 200 visible ASCII characters',
    },
  },
  metricsToken: {
    name: 'LEQI_METRICS_TOKEN',
    schema: Type.String({ minLength: 16, maxLength: 200, pattern: '^[\\w~+/.-]+=*$' }),
    fallback: null,
    isSecret: true,
    fallbackMeaning: { zh: '不需要令牌', en: 'none is asked for' },
    meaning: {
      zh: '读取 `/metrics` 须出示的令牌（Authorization: Bearer …）',
      en: 'token that a reader of `/metrics` has to show (Authorization: Bearer …)',
    },
    expected: {
      zh: '须为 16 到 200 个字母、数字或 _~+/.-',
      en: 'must be 16 to 200 letters, digits or _~+/.-',
    },
  },
  namePrefix: {
    name: 'LEQI_NAME_PREFIX',
    schema: Type.String({ maxLength: 60, pattern: '^[A-Za-z0-9._-]*$' }),
    fallback: '',
    meaning: { zh: '加在每个交换机和队列名之前', en: 'put before every exchange and queue name' },
    expected: {
      zh: '至多 60 个字母、数字、点、横线、下划线，且不以 amq. 开头',
      en: 'at most 60 letters, digits, dots, hyphens, underscores, not starting with amq.',
    },
    refuse: (text) =>
      text.startsWith('amq.') ? { zh: '不得以 amq. 开头', en: 'must not start with amq., which RabbitMQ keeps' } : null,
  },
  databaseSchema: {
    name: 'LEQI_DB_SCHEMA',
    schema: Type.String({ maxLength: 41, pattern: '^[a-z_][a-z0-9_]*$' }),
    fallback: 'leqi',
    meaning: { zh: '数据库模式（schema）名', en: 'name of the database schema' },
    expected: {
      zh: '至多 41 个小写字母、数字、下划线，以字母或下划线开头',
      en: 'at most 41 lower-case letters, digits, underscores, starting with a letter or underscore',
    },
    refuse: (text) =>
      text.startsWith('pg_') || text === 'information_schema' || text === 'audit'
        ? { zh: '该名称已被数据库或审计视图占用', en: 'this name belongs to PostgreSQL or to the audit views' }
        : null,
  },
  deviceIp: {
    name: 'LEQI_DEVICE_IP',
    schema: Type.String({ pattern: '^((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(?!$)|$)){4}$' }),
    fallback: null,
    fallbackMeaning: {
      zh: '第一个对外网卡的 IPv4 地址；没有则 127.0.0.1',
      en: 'IPv4 address of the first external interface; 127.0.0.1 without one',
    },
    meaning: { zh: '上传时的开票设备 IP', en: 'IP address of the issuing device, part of an upload' },
    // The bureau's field holds 20 characters: an IPv6 address does not fit.
    expected: { zh: '须为 IPv4 地址', en: 'must be an IPv4 address' },
  },
  deviceMac: {
    name: 'LEQI_DEVICE_MAC',
    schema: Type.String({ pattern: '^[0-9A-F]{2}(-[0-9A-F]{2}){5}$' }),
    read: toMac,
    fallback: null,
    fallbackMeaning: {
      zh: '第一个对外网卡的 MAC 地址；没有则 00-00-00-00-00-00',
      en: 'MAC address of the first external interface; 00-00-00-00-00-00 without one',
    },
    meaning: { zh: '上传时的开票设备 MAC 地址', en: 'MAC address of the issuing device, part of an upload' },
    expected: { zh: '须为 MAC 地址，例如 02-00-5E-10-00-01', en: 'must be a MAC address such as 02-00-5E-10-00-01' },
  },
  databasePoolSize: {
    name: 'LEQI_DB_POOL_SIZE',
    schema: Type.Integer({ minimum: 4, maximum: 200 }),
    read: readInteger,
    fallback: 12,
    meaning: { zh: '每个进程的数据库连接数', en: 'database connections of one process' },
    expected: { zh: '须为 4 到 200 的整数', en: 'must be an integer from 4 to 200' },
  },
  waitingLimit: {
    name: 'LEQI_WAITING_LIMIT',
    schema: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
    read: readInteger,
    fallback: 1_000_000,
    meaning: {
      zh: '未完成的消息、订单与发票达到此数时停止接收订单（取消消费），降到其 80% 时恢复',
      en: 'unfinished messages, orders and invoices at which intake stops (consumers are cancelled); it returns at 80 %',
    },
    expected: { zh: '须为 1 到 100000000 的整数', en: 'must be an integer from 1 to 100000000' },
  },
  databaseSizeLimitMb: {
    name: 'LEQI_DB_SIZE_LIMIT_MB',
    schema: Type.Integer({ minimum: 100, maximum: 1_000_000_000 }),
    read: readInteger,
    fallback: null,
    fallbackMeaning: {
      zh: '未知；数据库自己报告磁盘已满为止',
      en: 'unknown; until the database itself says that its disk is full',
    },
    meaning: {
      zh: '数据库可用的磁盘空间（MB）；用到 85% 时停止接收订单，降到 80% 时恢复',
      en: 'disk space for the database in MB; intake stops at 85 % of it and returns at 80 %',
    },
    expected: { zh: '须为 100 到 1000000000 的整数', en: 'must be an integer from 100 to 1000000000' },
  },
  uploadConcurrency: {
    name: 'LEQI_UPLOAD_CONCURRENCY',
    schema: Type.Integer({ minimum: 1, maximum: 64 }),
    read: readInteger,
    fallback: 8,
    meaning: { zh: '每个使用单位同时进行的上传数', en: 'uploads of one using unit under way at once' },
    expected: { zh: '须为 1 到 64 的整数', en: 'must be an integer from 1 to 64' },
  },
  isRejectedNumberReused: {
    name: 'LEQI_REUSE_REJECTED_NUMBERS',
    schema: Type.Boolean(),
    read: readBoolean,
    fallback: true,
    meaning: {
      zh: '上传失败（02）的发票号码是否再次使用',
      en: 'whether the number of an invoice that the bureau refused (02) is used again',
    },
    expected: { zh: '须为 true 或 false', en: 'must be true or false' },
  },
} as const satisfies Record<string, Variable>

/** Prefix of all names that are the product's alone; an unknown one is a mistake and refuses the start. */
export const OWN_PREFIX = 'LEQI_'

/** `AA-BB-…` from any usual spelling. */
export function toMac(text: string): string {
  return text.toUpperCase().replaceAll(':', '-')
}

function readInteger(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}

function readBoolean(text: string): boolean | null {
  return text === 'true' ? true : text === 'false' ? false : null
}

function readHosts(text: string): string[] {
  return text.split(',').map((host) => host.trim().toLowerCase())
}

function refuseUrl(text: string, protocols: readonly string[]): Bilingual | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && protocols.includes(url.protocol)) return null
  const forms = protocols.map((protocol) => `${protocol}//`).join(' / ')
  return { zh: `须为 ${forms} 地址`, en: `must be an address of the form ${forms}` }
}

/** The driver's ways to encrypt without checking certificates: one of its own, and the old habits of libpq. */
function refuseUnverifiedTls(text: string): Bilingual | null {
  const given = new URL(text).searchParams
  const found = UNVERIFIED_TLS.find(([name, value]) => given.get(name) === value)?.join('=')
  if (found === undefined) return null
  return { zh: `不接受 ${found}：证书必须校验`, en: `${found} is refused: certificates are always verified` }
}

const UNVERIFIED_TLS = [
  ['sslmode', 'no-verify'],
  ['uselibpqcompat', 'true'],
] as const

/** Zeros, counted-up bytes, printable sample texts: whatever a person typed instead of drawing it by chance. */
function refuseSampleKey(text: string): Bilingual | null {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== MASTER_KEY_BYTES || bytes.toString('base64') !== text) {
    return { zh: '解码后须恰为 32 字节', en: 'must decode to exactly 32 bytes' }
  }
  const isCountedUp = bytes.every((byte, index) => index === 0 || byte === ((bytes[index - 1] ?? 0) + 1) % 256)
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return new Set(bytes).size < MASTER_KEY_DISTINCT_BYTES_MIN || isCountedUp || isText
    ? { zh: '这是示例密钥或人为编写的密钥，请随机生成', en: 'looks like a sample or typed key: draw one at random' }
    : null
}
