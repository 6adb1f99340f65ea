/**
 * Closed code lists of the base capability that local checks judge by. Data with an edition: base capability document
 * V4.000 (valid from 2025-09-26), its annex 1 for countries.
 */

/** 优惠政策标识, with the names that the code table's 增值税特殊管理 lists. */
export const PREFERENCE_NAMES: ReadonlyMap<string, string> = new Map([
  ['01', '简易征收'],
  ['02', '稀土产品'],
  ['03', '免税'],
  ['04', '不征税'],
  ['05', '先征后退'],
  ['06', '100%先征后退'],
  ['07', '50%先征后退'],
  ['08', '按3%简易征收'],
  ['09', '按5%简易征收'],
  ['10', '按5%简易征收减按1.5%计征'],
  ['11', '即征即退30%'],
  ['12', '即征即退50%'],
  ['13', '即征即退70%'],
  ['14', '即征即退100%'],
  ['15', '超税负3%即征即退'],
  ['16', '超税负8%即征即退'],
  ['17', '超税负12%即征即退'],
  ['18', '超税负6%即征即退'],
])

export const EXEMPT = '03'
export const NOT_TAXABLE = '04'
export const REDUCED_TO_ONE_AND_A_HALF = '10'
/** Preferences under which a general taxpayer uses a levy rate (征收率). */
export const SIMPLIFIED_PREFERENCES: ReadonlySet<string> = new Set(['01', '08', '09'])

/** 支付渠道. */
export const PAYMENT_CHANNELS: ReadonlySet<string> = new Set(
  '001 002 003 004 005 006 007 008 009 010 011 012 013 099'.split(' '),
)

/** 自然人证件类型 a buyer may show. */
export const PERSON_ID_TYPES: ReadonlySet<string> = new Set('201 208 210 213 227 233 237 238'.split(' '))
export const ID_CARD = '201'

/** 煤炭种类. */
export const COAL_KINDS: ReadonlySet<string> = new Set('0100 0201 0202 0203 0204 0300'.split(' '))
/** 原煤, 洗煤, 其他煤炭采选产品. */
export const COAL_CODES: ReadonlySet<string> = new Set(
  '1020101000000000000 1020102000000000000 1020199000000000000'.split(' '),
)

/** 国籍代码, 246 countries and regions: ISO 3166 numeric, and A00. */
export const COUNTRIES: ReadonlySet<string> = new Set(
  `004 008 010 012 016 020 024 028 031 032 036 040 044 048 050 051 052 056 060 064 068 070 072 074 076 084 086 090 092
  096 100 104 108 112 116 120 124 132 136 140 144 148 152 156 158 162 166 170 174 175 178 180 184 188 191 192 196 203
  204 208 212 214 218 222 226 231 232 233 234 238 239 242 246 250 254 258 260 262 266 268 270 275 276 288 292 296 300
  304 308 312 316 320 324 328 332 334 336 340 344 348 352 356 360 364 368 372 376 380 384 388 392 398 400 404 408 410
  414 417 418 422 426 428 430 434 438 440 442 446 450 454 458 462 466 470 474 478 480 484 492 496 498 499 500 504 508
  512 516 520 524 528 530 533 540 548 554 558 562 566 570 574 578 580 581 583 584 585 586 591 598 600 604 608 612 616
  620 624 626 630 634 638 642 643 646 654 659 660 662 666 670 674 678 682 686 688 690 694 702 703 704 705 706 710 716
  724 728 732 736 740 744 748 752 756 760 762 764 768 772 776 780 784 788 792 795 796 798 800 804 807 818 826 831 832
  833 834 840 850 854 858 860 862 876 882 887 891 894 A00`.split(/\s+/u),
)

/** 电信汇总项 that a telecom seller may use, with their rates; the text of 2025-09. */
export const TELECOM_INDUSTRY_PREFIX = '63'
export const TELECOM_RATES: ReadonlyMap<string, string> = new Map([
  ['3030100000000000000', '0.09'],
  ['3030200000000000000', '0.06'],
])
/** 电信服务, prepaid and postpaid, not taxable. */
export const TELECOM_PREPAID_CODE = '3030000000000000000'
/** 预付卡销售和充值. */
export const PREPAID_CARD_CODE = '6010000000000000000'

/** Codes that begin so are not taxable items. */
export const NOT_TAXABLE_CODE_PREFIX = '6'
/** 不征税自来水: stands beside any line. */
export const NOT_TAXABLE_WATER_CODE = '6110000000000000000'
/** 代收民航发展基金: stands beside air passenger transport only. */
export const AIR_FUND_CODE = '6130000000000000000'
export const AIR_PASSENGER_CODES: ReadonlySet<string> = new Set(
  '3010301010100000000 3010301010200000000 3010301010300000000'.split(' '),
)

/** 农、林、牧、渔业类产品 of the classification table. */
export const FARM_CODE_PREFIX = '101'

/** Items of a special invoice that the bureau wants a word about. */
export const LOAN_CODE_PREFIX = '30601'
/** 餐饮, 居民日常服务, 娱乐. */
export const LIVING_CODE_PREFIXES: readonly string[] = ['3070401', '30705', '3070302']

/** 自来水 and 物业管理: differential only for sellers of the industry 物业管理. */
export const PROPERTY_MANAGEMENT_CODES: ReadonlySet<string> = new Set(
  '1100301010000000000 3040801010000000000'.split(' '),
)
export const PROPERTY_MANAGEMENT_INDUSTRIES: ReadonlySet<string> = new Set(['702', '7020'])
/** The seven codes of the short name 不动产. */
export const REAL_ESTATE_CODES: ReadonlySet<string> = new Set(
  `5010102000000000000 5010199000000000000 5010202000000000000 5010299000000000000 5019900000000000000
  5020000000000000000 5030000000000000000`.split(/\s+/u),
)
/** Banks, non-bank lenders and asset managers: prefixes of the industry code. */
export const LENDER_INDUSTRY_PREFIXES: readonly string[] = ['662', '663', '6950']
