/** Wire invoices for tests, built field by field from the capability document; every figure is a text. */
export type WireLine = Record<string, string>
export interface WireInvoice {
  fpmxList: WireLine[]
  [field: string]: unknown
}

/** 100.00 net, 13 %, one glass cup. */
export function aLine(change: WireLine = {}): WireLine {
  const line: WireLine = {
    mxxh: '1',
    dylzfpmxxh: '',
    spfwjc: '非金属矿物制品',
    xmmc: '咖啡杯',
    ggxh: '350ml',
    dw: '个',
    sl: '2',
    dj: '50',
    je: '100.00',
    slv: '0.13',
    se: '13.00',
    hsje: '113.00',
    kce: '',
    sphfwssflhbbm: '1080113000000000000',
    fphxz: '00',
    yhzcbs: '',
    mtzl: '',
    ...change,
  }
  return { ...line, hwhyslwfwmc: change.hwhyslwfwmc ?? `*${line.spfwjc}*${line.xmmc}` }
}

/** The figures of a line, in the order net, tax, gross; quantity and price are emptied. */
export function figures(net: string, tax: string, gross: string): WireLine {
  return { je: net, se: tax, hsje: gross, sl: '', dj: '' }
}

/** A line of a code that may be 不征税, at rate 0. */
export function anUntaxedLine(code: string, shortName: string, change: WireLine = {}): WireLine {
  const free = { slv: '0', yhzcbs: '04', ...figures('100.00', '0.00', '100.00') }
  return aLine({ sphfwssflhbbm: code, spfwjc: shortName, ...free, ...change })
}

/** Totals are the sums of the lines unless `head` says otherwise; lines are numbered 1, 2, 3 … unless they already are. */
export function anInvoice(head: Record<string, unknown>, lines: WireLine[] = [aLine()]): WireInvoice {
  const sum = (field: string) => printFen(lines.reduce((total, line) => total + readFen(line[field] ?? '0'), 0n))
  return {
    lzfpbz: '0',
    fppz: '02',
    gmfzrrbz: 'N',
    tdys: '',
    qyDm: '13100000000',
    cezslxDm: '',
    sgfplxDm: '',
    ckywsyzcDm: '',
    zzsjzjtDm: '',
    xsfmc: '示例销售有限公司',
    gmfnsrsbh: '91310115MA1K00023E',
    gmfmc: '某某贸易有限公司',
    zrrzjlxDm: '',
    zrrzjhm: '',
    zrrgjDm: '',
    hjje: sum('je'),
    hjse: sum('se'),
    jshj: sum('hsje'),
    kpr: '开票员',
    bz: '',
    ip: '192.0.2.10',
    macdz: '02-00-00-00-00-01',
    fpkjfsDm: '5',
    lqkpmsDm: '',
    mtpzxx: '',
    ...head,
    fpmxList: lines.map((line, index) => ({
      ...line,
      mxxh: line.mxxh === '1' ? String(index + 1) : (line.mxxh ?? ''),
    })),
  }
}

function readFen(yuan: string): bigint {
  const [whole = '0', cents = ''] = yuan.replace('-', '').split('.')
  const fen = BigInt(whole + cents.padEnd(2, '0'))
  return yuan.startsWith('-') ? -fen : fen
}

function printFen(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(3, '0')
  return `${fen < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
