/**
 * The texts that must be shown on certain invoices (提示). Data with an edition: base capability document V4.000,
 * 2.2.4.3; the wording is ours and says what the document requires.
 */

export interface Prompt {
  zh: string
  en: string
}

export const PROMPTS = Object.freeze({
  /** Belongs beside the flag, where it is entered. */
  P0: {
    zh: '未勾选“是否开票给自然人”，即视为向单位开具发票。',
    en: 'Without the person flag the buyer counts as a company.',
  },
  P1: {
    zh: '根据现行增值税政策，购进贷款服务的进项税额不得抵扣，购买方无法勾选此发票。请核对并确认是否开具专用发票。',
    en: 'Input tax on loan services is not deductible and the buyer cannot tick this invoice. Check that a special invoice is wanted.',
  },
  P2: {
    zh: '根据现行增值税政策，购进贷款服务的进项税额不得抵扣，购买方无法勾选此发票。建议贷款服务与其他项目分别开具专用发票，否则本张发票的全部进项税额均无法抵扣。请核对并确认。',
    en: 'Input tax on loan services is not deductible and the buyer cannot tick this invoice. Issue loan services and other items on separate special invoices, or all input tax of this invoice is lost.',
  },
  P3: {
    zh: '根据财税〔2016〕36号文件，购进餐饮服务、居民日常服务和娱乐服务的进项税额不得抵扣。请核对并确认是否开具专用发票。',
    en: 'By 财税〔2016〕36号, input tax on catering, daily and entertainment services is not deductible. Check that a special invoice is wanted.',
  },
  P4: {
    zh: '根据增值税法，购进并直接用于消费的餐饮服务、居民日常服务和娱乐服务，其进项税额不得抵扣。请核对并确认是否开具专用发票。',
    en: 'By the VAT law, input tax on catering, daily and entertainment services that are bought and directly consumed is not deductible. Check that a special invoice is wanted.',
  },
  P5: {
    zh: '根据财税〔2016〕36号文件，购进餐饮服务、居民日常服务和娱乐服务的进项税额不得抵扣。建议与其他项目分别开具专用发票，否则本张发票的全部进项税额可能无法抵扣。请核对并确认。',
    en: 'By 财税〔2016〕36号, input tax on catering, daily and entertainment services is not deductible. Issue them and other items on separate special invoices, or all input tax of this invoice may be lost.',
  },
  P6: {
    zh: '根据增值税法，购进并直接用于消费的餐饮服务、居民日常服务和娱乐服务，其进项税额不得抵扣。建议与其他项目分别开具专用发票。请核对并确认。',
    en: 'By the VAT law, input tax on catering, daily and entertainment services that are bought and directly consumed is not deductible. Issue them and other items on separate special invoices.',
  },
  P7: {
    zh: '已标记购买方为自然人：除特定业务外，填写姓名或姓氏加称谓即可（如张先生、张女士）；如需将发票归集到个人票夹，须同时填写姓名和身份证件号码。个体工商户应填写其识别号，不得标记为自然人。',
    en: 'The buyer is marked as a person: except for specific kinds a name or a surname with a form of address is enough (张先生, 张女士); to reach the personal wallet the name and the identity number are needed. A sole trader gives its tax number and must not be marked.',
  },
  P8: {
    zh: '已标记购买方为自然人：如需将发票归集到个人票夹，须同时填写姓名和身份证件号码。个体工商户不得标记为自然人。',
    en: 'The buyer is marked as a person: to reach the personal wallet the name and the identity number are needed. A sole trader must not be marked.',
  },
  P9: {
    zh: '购买方名称不超过四个字且未标记为自然人，请核对名称；如为自然人，请标记后再开具。',
    en: 'The buyer name has at most four characters and is not marked as a person. Check the name; a person is to be marked.',
  },
}) satisfies Readonly<Record<`P${number}`, Prompt>>

/** P3 and P5 to this day, P4 and P6 after it. */
export const LIVING_PROMPT_LAST_OLD_DATE = '2025-12-31'
