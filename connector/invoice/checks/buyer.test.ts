import { anInvoice } from '../../testing/builders.js'
import { proveTheme } from '../../testing/prove-checks.js'

proveTheme('buyer', {
  'L-36': {
    passes: { draft: { buyer: { name: '示'.repeat(300) } } },
    fails: { draft: { buyer: { name: null } } },
    at: '/buyer/name',
  },
  'L-36.sent': {
    passes: { invoice: anInvoice({ buyer: { isPerson: true, name: `${'张'.repeat(296)}（个人）` } }) },
    fails: { invoice: anInvoice({ buyer: { isPerson: true, name: `${'张'.repeat(297)}（个人）` } }) },
    at: '/buyer/name',
  },
  'L-37': {
    passes: { draft: { kind: 'special' } },
    fails: { draft: { kind: 'special', buyer: { taxNo: null } } },
    at: '/buyer/taxNo',
  },
  'L-38': {
    passes: { draft: { buyer: { taxNo: '310115000000015' } } },
    fails: { draft: { buyer: { taxNo: '31011500000001' } } },
    at: '/buyer/taxNo',
  },
  'L-38.alphabet': {
    passes: { draft: { buyer: { taxNo: '9131O115000000015' } } },
    fails: { draft: { buyer: { taxNo: '9131O115MA1K00023E' } } },
    at: '/buyer/taxNo',
  },
  'L-38.digit': {
    passes: { draft: { buyer: { taxNo: '91310115MA1K00007Q' } } },
    fails: { draft: { buyer: { taxNo: '91310115MA1K00007R' } } },
    at: '/buyer/taxNo',
  },
  'L-40': {
    passes: { draft: { buyer: { isPerson: true, name: '张先生', taxNo: null } } },
    fails: { draft: { buyer: { isPerson: true, name: '张（个人）', taxNo: null } } },
    at: '/buyer/name',
  },
  'L-41': {
    passes: { invoice: anInvoice({ buyer: { isPerson: true, name: '张先生（个人）', taxNo: null } }) },
    fails: { invoice: anInvoice({ buyer: { isPerson: true, name: '张先生（个人）（个人）', taxNo: null } }) },
    at: '/buyer/name',
  },
  'L-42': {
    passes: { draft: { buyer: { name: '示例商贸社' } } },
    fails: { draft: { buyer: { name: '张先生' } } },
    at: '/buyer/isPerson',
  },
  'L-53': {
    passes: { draft: { kind: 'ordinary', buyer: { isPerson: true, name: '张先生', taxNo: null } } },
    fails: { draft: { kind: 'special', buyer: { isPerson: true, name: '张先生' } } },
    at: '/kind',
  },
  'L-149': {
    passes: {},
    fails: { draft: { buyer: { isPerson: true, name: '张先生', taxNo: null } } },
    at: '/buyer/isPerson',
  },
})
