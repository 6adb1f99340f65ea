/** CXNSRJBXX and CXNSRFXXX: what the bureau knows of a taxpayer. */
import type { TaxpayerProfileAnswer, TaxpayerRiskAnswer } from '../../wire.js'
import { type DeskAnswer, refuseForeignTaxNo, type Visit } from './visit.js'

/** Source: Leqi base capability document, CXNSRJBXX: one object and two lists. */
export function queryProfile(visit: Visit): DeskAnswer {
  const foreign = refuseForeignTaxNo(visit)
  if (foreign !== null) return foreign
  const { taxNo, traits } = visit.taxpayer
  const validity = { yxqq: traits.typeValidFrom ?? '', yxqz: traits.typeValidTo ?? '' }
  const data: Omit<TaxpayerProfileAnswer, 'returncode'> = {
    jcxx: {
      nsrsbh: taxNo,
      djxh: `1011${taxNo.slice(-14)}`,
      ssdabh: '',
      nsrmc: traits.name,
      nsrlx: traits.taxpayerType,
      scjydz: '示例市示例区示例路1号',
      zcdyzbm: '200000',
      zcdlxdh: '021-00000000',
      fddbrxm: '示例负责人',
      djzclxdm: '159',
      hydm: traits.industry,
      qxjswjgdm: countyOf(traits.region),
      zgswskfjdm: countyOf(traits.region),
      zgswskfjmc: '国家税务总局示例税务所',
      cwfzrxm: '示例财务',
      khhmc: '示例银行示例支行',
      yhzh: '0000000000000000000',
      bsrxm: '示例办税人',
      xdpsdqybz: traits.isPilot ? 'Y' : 'N',
      ckqyfldm: '',
      zfjglxdm: '0',
      yhyywddm: '',
      nsrztdm: traits.statusCode,
      ...validity,
    },
    qyhyxzGrid: traits.industryNatures.map((qyhyxzdm) => ({ qyhyxzdm, ...validity })),
    xfsnsrlxGrid: [],
  }
  return { kind: 'done', data }
}

/** Source: Leqi base capability document, CXNSRFXXX. */
export function queryRisk(visit: Visit): DeskAnswer {
  const foreign = refuseForeignTaxNo(visit)
  if (foreign !== null) return foreign
  const { taxNo, traits } = visit.taxpayer
  const data: Omit<TaxpayerRiskAnswer, 'returncode'> = {
    nsrsbh: taxNo,
    fxnsrlx: traits.riskType,
    nsrxydj: traits.creditGrade,
    nsryjjb: traits.warningLevel,
    fxnsrbz: traits.isRisk ? 'Y' : 'N',
  }
  return { kind: 'done', data }
}

/** A county office below the provincial bureau: its first five digits tell the province and city. */
function countyOf(region: string): string {
  return `${region.slice(0, 5)}150000`.slice(0, 11)
}
