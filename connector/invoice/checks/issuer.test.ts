import { anInvoice, aUsingUnit, taxTables } from '../../testing/builders.js'
import { proveTheme } from '../../testing/prove-checks.js'

proveTheme('issuer', {
  'L-07.needed': {
    passes: { context: { tables: taxTables({ differentialFetchedAt: null }) } },
    fails: { context: { tables: taxTables({ classificationFetchedAt: null }) } },
    at: '',
  },
  'L-17': {
    passes: { context: { unit: aUsingUnit({ direct: { leqiId: 'a'.repeat(20) } }) } },
    fails: { context: { unit: aUsingUnit({ direct: { leqiId: 'a'.repeat(21) } }) } },
    at: '',
  },
  'L-20': {
    passes: { context: { unit: aUsingUnit({ region: null, profile: { taxBureauCode: '13101150000' } }) } },
    fails: { context: { unit: aUsingUnit({ region: null, profile: { taxBureauCode: '' } }) } },
    at: '',
  },
  'L-23': {
    passes: {},
    // A tax number that slipped past its parser.
    fails: { context: { unit: aUsingUnit({ taxNo: '91310115ma1k00015k' as ReturnType<typeof aUsingUnit>['taxNo'] }) } },
    at: '',
  },
  'L-23.unit': {
    passes: { invoice: anInvoice() },
    fails: { invoice: anInvoice({ seller: { ...anInvoice().seller, taxNo: '91310115MA1K00023E' } }) },
    at: '',
  },
  'L-24': {
    passes: { invoice: anInvoice({ seller: { ...anInvoice().seller, name: '示'.repeat(300) } }) },
    fails: { invoice: anInvoice({ seller: { ...anInvoice().seller, name: '示'.repeat(301) } }) },
    at: '',
  },
  'L-27': {
    passes: { draft: { drawer: null } },
    fails: { draft: { drawer: '开'.repeat(301) } },
    at: '/drawer',
  },
})
