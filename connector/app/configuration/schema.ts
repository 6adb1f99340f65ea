/**
 * The grammar of the declarative configuration (`apply FILE`): every field with limits, default and meaning.
 *
 * One schema serves three ends: judging a FILE, filling its defaults, and `docs/config.schema.json` for editors.
 * Every field that may be left out has a default, so that a filled entry is complete. Lengths are those of the
 * bureau's fields (Leqi rulebook 2.10) and count characters; bytes are counted by `check.ts`.
 */
import Type, { type Static, type TSchema, type TUnsafe } from 'typebox'

const STRICT = { additionalProperties: false }
/** Text without control characters, not blank, without blanks at its ends. */
const PLAIN_TEXT = '^(?!\\s)[^\\u0000-\\u001F\\u007F]+(?<!\\s)$'
const TAX_NUMBER = '^[0-9A-Z]{15,20}$'
/** 平台编号: 20 hex characters. */
const LEQI_ID = '^[0-9a-f]{20}$'
/** Yuan above zero with at most two decimals, at most 18 digits. */
const MONEY = '^(?!0+(\\.0+)?$)[0-9]{1,16}(\\.[0-9]{1,2})?$'
const RATE = '^(0(\\.[0-9]{1,6})?|1(\\.0{1,6})?)$'
/** Names with our own prefix are the product's: an unknown one would refuse the start. */
const ENVIRONMENT_NAME = '^(?!LEQI_)[A-Za-z_][A-Za-z0-9_]{0,99}$'

/** Entries of one section; a FILE beyond it belongs into an import. */
const UNIT_COUNT_MAX = 2_000
const TYPE_COUNT_MAX = 2_000
const CATALOGUE_COUNT_MAX = 50_000

/** What stands in the JSON Schema for people, Chinese first. */
function about(zh: string, en: string): { description: string } {
  return { description: `${zh} / ${en}` }
}

type About = ReturnType<typeof about>

function text(maxLength: number, meaning: About, pattern = PLAIN_TEXT) {
  return Type.String({ minLength: 1, maxLength, pattern, ...meaning })
}

/** A text that may be left out or `null`. */
function textOrNull(maxLength: number, meaning: About, pattern = PLAIN_TEXT) {
  const schema: TUnsafe<string | null> = Type.Unsafe({
    type: ['string', 'null'],
    minLength: 1,
    maxLength,
    pattern,
    default: null,
    ...meaning,
  })
  return Type.Optional(schema)
}

function count(range: { minimum: number; maximum: number; default: number }, meaning: About) {
  return Type.Optional(Type.Integer({ ...range, ...meaning }))
}

function choice(isOn: boolean, meaning: About) {
  return Type.Optional(Type.Boolean({ default: isOn, ...meaning }))
}

const seller = () => text(20, about('销方税号，须是使用单位', 'tax number of the seller, a using unit'), TAX_NUMBER)

const parties = {
  address: textOrNull(300, about('地址', 'address')),
  phone: textOrNull(60, about('电话', 'phone')),
  bank: textOrNull(120, about('开户银行', 'bank')),
  account: textOrNull(50, about('银行账号', 'bank account')),
}

const DirectUnitSchema = Type.Object(
  {
    name: text(300, about('直连单位名称', 'name of the direct unit')),
    taxNo: text(20, about('纳税人识别号', 'tax number'), TAX_NUMBER),
    leqiId: text(20, about('平台编号（乐企 ID），20 位十六进制', 'Leqi id, 20 hex characters'), LEQI_ID),
    environment: Type.Enum(['production', 'sandbox'], about('正式或沙箱环境', 'production or sandbox')),
    apiKey: textOrNull(
      32,
      about('乐企平台密钥，32 位十六进制；三种写法只能选一种', 'API key, 32 hex characters; give it in one way only'),
      '^[0-9a-fA-F]{32}$',
    ),
    apiKeyFromEnv: textOrNull(
      100,
      about('密钥取自该环境变量（名称不以 LEQI_ 开头）', 'the key is in this environment variable, not named LEQI_…'),
      ENVIRONMENT_NAME,
    ),
    apiKeyFromFile: textOrNull(
      1_000,
      about('密钥取自该文件（相对本文件）', 'the key is in this file, relative to FILE'),
    ),
    apiUrl: textOrNull(
      500,
      about('乐企接口地址；默认按环境取局端地址', "address of Leqi; default: the bureau's own for the environment"),
    ),
    proxy: textOrNull(
      300,
      about('代理 host:port；空为直连', 'proxy as host:port; null: direct'),
      '^[A-Za-z0-9._-]+:[0-9]{1,5}$',
    ),
    channel: textOrNull(100, about('渠道/项目名称', 'channel or project')),
    region: textOrNull(100, about('备案地区', 'region of the filing')),
    capabilities: Type.Array(Type.String({ pattern: '^[0-9]{6}$' }), {
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      ...about('接入能力编码，须含 202007', 'capability codes, 202007 among them'),
    }),
    ratePerSecond: count(
      { minimum: 1, maximum: 10_000, default: 50 },
      about('每秒调用数（每能力，各副本合计）', 'calls per second and capability, all replicas together'),
    ),
    poll: Type.Optional(
      Type.Object(
        {
          firstMs: count(
            { minimum: 1, maximum: 600_000, default: 10_000 },
            about('上传后首次查询的等待毫秒数', 'milliseconds from an upload to the first query'),
          ),
          maxMs: count(
            { minimum: 1, maximum: 600_000, default: 600_000 },
            about('两次查询间最长毫秒数', 'longest pause between two queries, in milliseconds'),
          ),
        },
        { ...STRICT, default: {}, ...about('查询上传结果的节奏', 'how verdicts are asked for') },
      ),
    ),
  },
  { ...STRICT, ...about('直连单位', 'a direct unit') },
)

const UsingUnitSchema = Type.Object(
  {
    directUnit: text(20, about('所属直连单位的平台编号', 'Leqi id of its direct unit'), LEQI_ID),
    name: text(300, about('使用单位名称', 'name of the using unit')),
    taxNo: text(20, about('纳税人识别号', 'tax number'), TAX_NUMBER),
    leqiId: text(20, about('平台编号（乐企 ID），20 位十六进制', 'Leqi id, 20 hex characters'), LEQI_ID),
    region: textOrNull(
      11,
      about('区域代码 11 位；空则由基本信息推出', 'region code, 11 digits; null: from the basic information'),
      '^[0-9]{11}$',
    ),
  },
  { ...STRICT, ...about('使用单位', 'a using unit') },
)

const IssuingSchema = Type.Object(
  {
    taxNo: text(20, about('使用单位税号', 'tax number of the using unit'), TAX_NUMBER),
    drawer: text(300, about('开票人', 'drawer')),
    numberWarningCount: count(
      { minimum: 0, maximum: 1_000_000, default: 200 },
      about('预警份数：低于此数自动申领', 'numbers are claimed when fewer are left'),
    ),
    numberClaimCount: count(
      { minimum: 1, maximum: 100_000, default: 1_000 },
      about('一次申领数量', 'numbers of one claim'),
    ),
    autoClaim: choice(true, about('自动领购', 'claim numbers by itself')),
    autoDownloadQuota: choice(true, about('自动下载额度', 'download quota by itself')),
    autoAdjustValidity: choice(true, about('自动调整有效期', "adjust the quota's validity by itself")),
    quotaDownloadAmount: Type.Optional(
      Type.String({
        maxLength: 19,
        pattern: MONEY,
        default: '100000.00',
        ...about('一次下载的额度（元）', 'quota of one download, in yuan'),
      }),
    ),
    maxNetPerInvoice: textOrNull(
      19,
      about('单张发票合计金额上限（元）；空为不限', 'ceiling of the net total of an invoice, in yuan; null: none'),
      MONEY,
    ),
    maxLinesPerInvoice: count(
      { minimum: 2, maximum: 5_000, default: 200 },
      about('单张发票最多明细行', 'most lines of an invoice'),
    ),
    ...parties,
    secondaryIndustries: Type.Optional(
      Type.Array(Type.String({ pattern: '^[0-9]{2,4}$' }), {
        maxItems: 50,
        uniqueItems: true,
        default: [],
        ...about('次要行业代码', 'codes of further industries'),
      }),
    ),
    hasFormerRateAuthorisation: choice(false, about('是否有原税率授权', 'whether former tax rates may be used')),
  },
  { ...STRICT, ...about('开票业务配置，每使用单位一条', 'issuing settings, one per using unit') },
)

const BusinessTypeSchema = Type.Object(
  {
    code: text(40, about('业务类型代码，全局唯一', 'code, unique'), '^[a-z0-9_-]{1,40}$'),
    name: text(50, about('名称，至多 50 字节，同一销方内唯一', 'name, at most 50 bytes, unique per seller')),
    seller: seller(),
    description: Type.Optional(
      Type.String({
        maxLength: 60,
        pattern: '^[^\\u0000-\\u001F\\u007F]*$',
        default: '',
        ...about('说明，至多 60 字节', 'description, at most 60 bytes'),
      }),
    ),
    mapping: text(1_000, about('映射文件（相对本文件）', 'mapping file, relative to FILE')),
    delivery: Type.Optional(
      Type.Enum(['amqp', 'callback', 'both'], {
        default: 'amqp',
        ...about('结果发送方式', 'how results are delivered'),
      }),
    ),
    callbackUrl: textOrNull(500, about('回调地址（https）', 'callback address, https')),
    callbackSecretFromEnv: textOrNull(
      100,
      about(
        '回调签名密钥取自该环境变量（名称不以 LEQI_ 开头）：whsec_ 加 32 到 64 字节的 base64',
        'environment variable with the callback secret: whsec_ and 32 to 64 bytes in base64, not named LEQI_…',
      ),
      ENVIRONMENT_NAME,
    ),
  },
  { ...STRICT, ...about('业务类型', 'a business type') },
)

const ProductSchema = Type.Object(
  {
    seller: seller(),
    code: text(100, about('商品编码', 'code')),
    name: text(300, about('商品名称', 'name')),
    taxCode: text(19, about('税收分类编码，19 位', 'tax classification code, 19 digits'), '^[0-9]{19}$'),
    shortName: textOrNull(120, about('税收简称；空则取自编码表', "short name; null: the table's")),
    taxRate: Type.String({ maxLength: 8, pattern: RATE, ...about('税率，如 "0.13"', 'tax rate such as "0.13"') }),
    preference: textOrNull(2, about('优惠政策标识 01–18', 'preference code 01–18'), '^(0[1-9]|1[0-8])$'),
    model: textOrNull(150, about('规格型号', 'model')),
    unit: textOrNull(300, about('计量单位', 'unit of measure')),
  },
  { ...STRICT, ...about('商品信息', 'a product') },
)

const BuyerSchema = Type.Object(
  {
    seller: seller(),
    code: text(100, about('购方编码', 'code')),
    name: text(300, about('购方名称', 'name')),
    taxNo: textOrNull(20, about('购方税号', 'tax number'), '^[0-9A-Z]{1,20}$'),
    isPerson: choice(false, about('是否自然人', 'whether it is a natural person')),
    ...parties,
  },
  { ...STRICT, ...about('购方信息', 'a buyer') },
)

function section<S extends TSchema>(entry: S, maxItems: number, meaning: About) {
  return Type.Optional(Type.Array(entry, { maxItems, ...meaning }))
}

/** A section that is left out is not managed by this FILE: `--prune` deletes nothing of it. */
export const ConfigurationSchema = Type.Object(
  {
    directUnits: section(DirectUnitSchema, UNIT_COUNT_MAX, about('直连单位', 'direct units')),
    usingUnits: section(UsingUnitSchema, UNIT_COUNT_MAX, about('使用单位', 'using units')),
    issuing: section(IssuingSchema, UNIT_COUNT_MAX, about('开票业务配置', 'issuing settings')),
    businessTypes: section(BusinessTypeSchema, TYPE_COUNT_MAX, about('业务类型', 'business types')),
    products: section(ProductSchema, CATALOGUE_COUNT_MAX, about('商品信息', 'products')),
    buyers: section(BuyerSchema, CATALOGUE_COUNT_MAX, about('购方信息', 'buyers')),
  },
  { ...STRICT, ...about('leqi-connector 声明式配置', 'declarative configuration of leqi-connector') },
)

export type SectionName = keyof Static<typeof ConfigurationSchema>

/** An entry with all defaults filled in. */
type Filled<S extends TSchema> = Required<Static<S>>
type Poll = Filled<NonNullable<(typeof DirectUnitSchema)['properties']['poll']>>
export type DirectUnitEntry = Omit<Filled<typeof DirectUnitSchema>, 'poll'> & { poll: Poll }
type UsingUnitEntry = Filled<typeof UsingUnitSchema>
export type IssuingEntry = Filled<typeof IssuingSchema>
export type BusinessTypeEntry = Filled<typeof BusinessTypeSchema>
type ProductEntry = Filled<typeof ProductSchema>
type BuyerEntry = Filled<typeof BuyerSchema>

/** A FILE with all defaults filled in; a section that was left out is absent. */
export interface ConfigurationEntries {
  directUnits?: DirectUnitEntry[]
  usingUnits?: UsingUnitEntry[]
  issuing?: IssuingEntry[]
  businessTypes?: BusinessTypeEntry[]
  products?: ProductEntry[]
  buyers?: BuyerEntry[]
}
