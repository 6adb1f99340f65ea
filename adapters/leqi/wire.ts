/**
 * Leqi's wire: service codes, headers, the envelope and the answers of the ten services, named exactly as on the wire.
 *
 * Knows: names and shapes of base capability 202007. The fields of an upload are data: `upload-fields.ts`.
 * Must not know: transport, keys, what an answer means.
 * Invariant: these types say what a document promises, not what arrived; whatever arrives is `unknown` until a parser
 * has read it. A figure may be a JSON string or a JSON number in either direction (protocol 2.3).
 * Source: Leqi base capability document V4.000, access guide V2.006, sandbox guide V5.004.
 */

/** 能力编码 of the base issuing capability, own use. */
export const BASE_CAPABILITY = '202007'

/** 服务编码 (fwbm) of the services this connector calls. */
export const SERVICES = {
  taxpayerProfile: 'CXNSRJBXX',
  taxpayerRisk: 'CXNSRFXXX',
  taxRates: 'CXKYSL',
  classifications: 'CXSSFLBM',
  differentialCodes: 'CXCEZSBM',
  claimNumbers: 'QDFPPLFM',
  queryQuota: 'CXSXED',
  moveQuota: 'XZTHSXED',
  upload: 'QDFPSC',
  uploadResult: 'CXQDFPSCJG',
  invoiceState: 'FPZTXXCX',
} as const
export type ServiceCode = (typeof SERVICES)[keyof typeof SERVICES]

/** Names of the request headers. Source: Leqi access guide V2.006. */
export const HEADERS = {
  /** 直连单位平台编号. */
  directUnit: 'jrdwptbh',
  /** 使用单位平台编号. */
  usingUnit: 'sydwptbh',
  capability: 'nlbm',
  service: 'fwbm',
  /** 用例编码: only during a sandbox subscription test, never together with `sandboxFlag`. */
  useCase: 'ylbm',
  /** 沙箱测试标志: `1` = free sandbox call. */
  sandboxFlag: 'sxcsbz',
  /** 签名加密串: sent empty for now. */
  signature: 'access_signature',
  /** 客户端交易ID: 32 letters and digits. */
  clientTid: 'clientTid',
} as const

/** Most invoices one upload takes. Source: Leqi base capability document, QDFPSC. */
export const UPLOAD_INVOICE_COUNT_MAX = 100
/** Most numbers one claim grants. Source: Leqi base capability document, QDFPPLFM. */
export const CLAIM_NUMBER_COUNT_MAX = 5_000
/** The quota figure that means 按需开票: no limit. Source: Leqi base capability document, CXSXED. */
export const UNLIMITED_QUOTA = '9999999999999999'

/** A figure on the wire. */
export type WireFigure = string | number

export interface OuterEnvelope {
  /** `"200"` or `200`; any other value is a failure of the platform. */
  httpStatusCode: WireFigure
  /** A text holding the inner envelope's JSON, or that object itself. */
  body?: string | InnerEnvelope
}

export interface InnerEnvelope {
  Response: {
    RequestId: string
    /** base64 of the encrypted answer; printed examples show it decrypted, as a text or an object. */
    Data?: unknown
    /** Never encrypted. */
    Error?: WireError
  }
}

export interface WireError {
  Code: string
  Message: string
}

/** What every decrypted answer begins with; `00` is success. */
interface AnswerHead {
  returncode: WireFigure
  returnmsg?: string
}

export interface TaxpayerQuery {
  nsrsbh: string
}

/** CXNSRJBXX. */
export interface TaxpayerProfileAnswer extends AnswerHead {
  jcxx: {
    nsrsbh: string
    djxh?: string
    ssdabh?: string
    nsrmc: string
    nsrlx: WireFigure
    scjydz?: string
    zcdyzbm?: string
    zcdlxdh?: string
    fddbrxm?: string
    djzclxdm?: string
    hydm: string
    qxjswjgdm?: string
    zgswskfjdm: string
    zgswskfjmc?: string
    cwfzrxm?: string
    khhmc?: string
    yhzh?: string
    bsrxm?: string
    xdpsdqybz: string
    ckqyfldm?: string
    zfjglxdm?: string
    yhyywddm?: string
    nsrztdm: WireFigure
    yxqq?: string
    yxqz?: string
  }
  qyhyxzGrid?: { qyhyxzdm: string; yxqq?: string; yxqz?: string }[]
  xfsnsrlxGrid?: { xfsnsrlxdm: string; yxqq?: string; yxqz?: string }[]
}

/** CXNSRFXXX. */
export interface TaxpayerRiskAnswer extends AnswerHead {
  nsrsbh: string
  fxnsrlx?: string
  nsrxydj: string
  nsryjjb?: string
  fxnsrbz: string
}

/** CXKYSL. */
export interface TaxRatesAnswer extends AnswerHead {
  count: WireFigure
  slzslList: {
    csxz: WireFigure
    slzsl: WireFigure
    yslbz: string
    dyysl?: string
    cszt: string
    yxqq: string
    yxqz?: string
    tyrq?: string
  }[]
}

/** CXSSFLBM; `sjc` empty asks for the whole table. */
export interface ClassificationsQuery {
  nsrsbh: string
  sjc: string
  sjswjgdm?: string
}

export interface ClassificationsAnswer extends AnswerHead {
  /** yyyyMMddHHmmss; sent back on the next call. */
  sjc: string
  count: WireFigure
  ssbmList: {
    fjbm?: string
    sphfwssflhbbm: string
    tdyslxdm?: string
    cezs?: string
    bzs?: string
    jzjtdm?: string
    sphfwmc: string
    sphfwfljc: string
    sm?: string
    /** Percentages joined by the Chinese enumeration comma, as `zsl`. */
    zzssl?: string
    zsl?: string
    zzstsgl?: string
    gjz?: string
    sfhzx: string
    qyrq?: string
    tyrq?: string
  }[]
}

/** CXCEZSBM. */
export interface DifferentialCodesAnswer extends AnswerHead {
  count: WireFigure
  /** One later document writes `cezzbmList`. */
  cezsbmList: {
    sphfwssflhbbm: string
    sphfwmc?: string
    sphfwfljc?: string
    sfkycekp: string
    cekpsfkykzp: string
    qekpsfkykzp: string
    ybnsrsl?: string
    ybnsrzsl?: string
    xgmnsrzsl?: string
  }[]
}

/** QDFPPLFM; `ywlsh` = using unit's id + direct unit's id + 32 random characters. */
export interface ClaimRequest {
  nsrsbh: string
  lysl: WireFigure
  ywlsh: string
}

export interface ClaimGrant extends AnswerHead {
  fpqshm: string
  fpzzhm: string
  lysl: WireFigure
}

/** CXSXED. */
export interface QuotaStateAnswer extends AnswerHead {
  /** `Y` suspended. */
  ztsxbz: string
  bysxed: WireFigure
  kysyed: WireFigure
  yxzed: WireFigure
  yxzwsyed: WireFigure
  /** yyyyMM. */
  sq: string
}

/** XZTHSXED; `sqlx` 0 download, 1 return. */
export interface QuotaMoveRequest {
  nsrsbh: string
  ptbh: string
  sqlx: '0' | '1'
  sqed: WireFigure
  ywlsh: string
}

export interface QuotaMoveAnswer extends AnswerHead {
  /** yyyyMMdd, both ends included; only for a download. */
  syqjq?: string
  syqjz?: string
}

/** QDFPSC: the request is a JSON array of invoices (`upload-fields.ts`). */
export interface UploadAnswerBody extends AnswerHead {
  /** 受理流水号: one for the whole call. */
  sllsh: string
}

/** CXQDFPSCJG. */
export interface UploadResultQuery {
  sllsh: string
}

export interface UploadResultAnswer extends AnswerHead {
  resultList: UploadResultRow[]
}

export interface UploadResultRow {
  fphm: string
  /** 00 success, 01 in progress, 02 failed, 03 repeated upload. */
  status: string
  message?: string
  /** Its place is not settled: a row or `Error`. */
  Code?: string
}

/** FPZTXXCX; `fplx` 81 special, 82 ordinary; `kprq` yyyyMMdd. */
export interface InvoiceStateQuery {
  fplx: '81' | '82'
  fphm: string
  kprq: string
}

/** FPZTXXCX, the part that tells one invoice from another. `kprq` yyyy-MM-dd HH:mm:ss. */
export interface InvoiceStateAnswer extends AnswerHead {
  fphm: string
  kprq: string
  fpzt?: string
}
