import { anInvoice } from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'

/** Made up; the check digit is right. */
const ID_CARD_NO = '110101199003070011'

function aPerson(
  papers: { idType: string | null; idNo: string | null; nationality: string | null },
  taxNo: string | null = null,
): Example {
  return { draft: { buyer: { isPerson: true, name: '张先生', taxNo, ...papers } } }
}

proveTheme('identity', {
  'L-43': {
    passes: {},
    fails: { draft: { buyer: { isPerson: false, idType: '201', idNo: ID_CARD_NO, nationality: '156' } } },
    at: '/buyer/isPerson',
  },
  'L-44': {
    passes: aPerson({ idType: '201', idNo: ID_CARD_NO, nationality: '156' }),
    fails: aPerson({ idType: null, idNo: ID_CARD_NO, nationality: null }),
    at: '/buyer/idType',
  },
  'L-45': {
    passes: aPerson({ idType: '208', idNo: 'X1234567', nationality: '840' }),
    fails: aPerson({ idType: '202', idNo: 'X1234567', nationality: '156' }),
    at: '/buyer/idType',
  },
  'L-46': {
    passes: aPerson({ idType: '201', idNo: ID_CARD_NO, nationality: '156' }),
    fails: aPerson({ idType: '201', idNo: ID_CARD_NO, nationality: '840' }),
    at: '/buyer/nationality',
  },
  'L-47': {
    passes: aPerson({ idType: '201', idNo: ID_CARD_NO, nationality: '156' }, null),
    fails: aPerson({ idType: '201', idNo: ID_CARD_NO, nationality: '156' }, '110101199003070012'),
    at: '/buyer/taxNo',
  },
  'L-47.digit': {
    passes: aPerson({ idType: '201', idNo: ID_CARD_NO, nationality: '156' }),
    fails: aPerson({ idType: '201', idNo: '110101199003070012', nationality: '156' }),
    at: '/buyer/idNo',
  },
  'L-47.sent': {
    passes: { invoice: anIssuedPerson('201', ID_CARD_NO, ID_CARD_NO) },
    fails: { invoice: anIssuedPerson('201', ID_CARD_NO, null) },
    at: '/buyer/idNo',
  },
  'L-48': {
    passes: aPerson({ idType: '213', idNo: '12345678', nationality: '158' }),
    fails: aPerson({ idType: '227', idNo: 'E12345678', nationality: '158' }),
    at: '/buyer/nationality',
  },
  'L-49': {
    passes: aPerson({ idType: '210', idNo: 'H12345678', nationality: '344' }),
    fails: aPerson({ idType: '210', idNo: 'M12345678', nationality: '344' }),
    at: '/buyer/nationality',
  },
  'L-50': {
    passes: aPerson({ idType: '237', idNo: '820000199003070011', nationality: '446' }),
    fails: aPerson({ idType: '237', idNo: '830000199003070011', nationality: '446' }),
    at: '/buyer/idNo',
  },
  'L-51': {
    passes: { invoice: anIssuedPerson('208', 'X1234567', 'X1234567') },
    fails: { invoice: anIssuedPerson('208', 'X1234567', null) },
    at: '/buyer/taxNo',
  },
})

function anIssuedPerson(idType: string, idNo: string, taxNo: string | null): ReturnType<typeof anInvoice> {
  return anInvoice({ buyer: { isPerson: true, name: '张先生（个人）', taxNo, idType, idNo, nationality: '156' } })
}
