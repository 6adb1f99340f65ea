/**
 * The world without a file: two groups of fictitious companies. The first direct unit and its 示例销售有限公司 are those of
 * the configuration example in the documentation, so that the example works against a simulator as it stands.
 */
import type { SimulatorWorld, WorldTaxpayer } from './world.js'

/** Net amount per month, large enough for a benchmark; a test that wants scarcity sets its own. */
const MONTHLY_QUOTA = '9000000000.00'
const SHANGHAI = '13100000000'
const GUANGDONG = '14400000000'

/** Key of the first direct unit; also what auto-registered units use. */
export const DEFAULT_KEY = '0123456789abcdeffedcba9876543210'

export const DEFAULT_WORLD: SimulatorWorld = {
  directUnits: [
    {
      leqiId: '0123456789abcdef0123',
      name: '示例集团有限公司',
      taxNo: '91310115MA1K00007Q',
      key: DEFAULT_KEY,
      sandboxKey: 'fedcba98765432100123456789abcdef',
      usingUnits: [
        { leqiId: '0123456789abcdef0123', taxNo: '91310115MA1K00007Q' },
        { leqiId: '9876543210fedcba9876', taxNo: '91310115MA1K00015K' },
        { leqiId: '1111111111aaaaaa0001', taxNo: '91310115MA1K000319' },
        { leqiId: '1111111111aaaaaa0002', taxNo: '91310115MA1K0004X1' },
        { leqiId: '1111111111aaaaaa0003', taxNo: '91310115MA1K000581' },
        { leqiId: '1111111111aaaaaa0004', taxNo: '91310115MA1K00066U' },
      ],
    },
    {
      leqiId: 'abcdef0123456789abcd',
      name: '示例连锁有限公司',
      taxNo: '91440101MA5C000154',
      key: '00112233445566778899aabbccddeeff',
      sandboxKey: 'ffeeddccbbaa99887766554433221100',
      usingUnits: [
        { leqiId: 'abcdef0123456789abcd', taxNo: '91440101MA5C000154' },
        { leqiId: '2222222222bbbbbb0001', taxNo: '91440101MA5C00023Y' },
      ],
    },
  ],
  taxpayers: [
    shanghai('91310115MA1K00007Q', '示例集团有限公司', '5299'),
    shanghai('91310115MA1K00015K', '示例销售有限公司', '5299'),
    shanghai('91310115MA1K000319', '示例电信有限公司', '6311'),
    { ...shanghai('91310115MA1K0004X1', '示例便利商行', '5219'), taxpayerType: '2' },
    shanghai('91310115MA1K000581', '示例物业服务有限公司', '7020'),
    shanghai('91310115MA1K00066U', '示例资产管理有限公司', '6950'),
    { ...shanghai('91440101MA5C000154', '示例连锁有限公司', '5211'), region: GUANGDONG },
    { ...shanghai('91440101MA5C00023Y', '示例餐饮管理有限公司', '6210'), region: GUANGDONG },
  ],
}

function shanghai(taxNo: string, name: string, industry: string): WorldTaxpayer {
  return { taxNo, name, industry, region: SHANGHAI, monthlyQuota: MONTHLY_QUOTA }
}
