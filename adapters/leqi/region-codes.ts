/**
 * 区域代码 qyDm: the eleven-digit code of the seller's provincial tax authority, derived where it is not configured.
 * Edition 2024-11. Source: Leqi code lists, 省级税务机关代码; official FAQ on qyDm.
 */

/** The 36 provincial authorities; five cities planned separately have their own. */
const PROVINCIAL_AUTHORITIES: ReadonlySet<string> = new Set([
  '11100000000', // 北京
  '11200000000', // 天津
  '11300000000', // 河北
  '11400000000', // 山西
  '11500000000', // 内蒙古
  '12100000000', // 辽宁
  '12102000000', // 大连
  '12200000000', // 吉林
  '12300000000', // 黑龙江
  '13100000000', // 上海
  '13200000000', // 江苏
  '13300000000', // 浙江
  '13302000000', // 宁波
  '13400000000', // 安徽
  '13500000000', // 福建
  '13502000000', // 厦门
  '13600000000', // 江西
  '13700000000', // 山东
  '13702000000', // 青岛
  '14100000000', // 河南
  '14200000000', // 湖北
  '14300000000', // 湖南
  '14400000000', // 广东
  '14403000000', // 深圳
  '14500000000', // 广西
  '14600000000', // 海南
  '15000000000', // 重庆
  '15100000000', // 四川
  '15200000000', // 贵州
  '15300000000', // 云南
  '15400000000', // 西藏
  '16100000000', // 陕西
  '16200000000', // 甘肃
  '16300000000', // 青海
  '16400000000', // 宁夏
  '16500000000', // 新疆
])

/** The provincial authority above a tax bureau (zgswskfjdm): its first five digits if listed, else its first three. */
export function toProvincialAuthority(taxBureauCode: string): string {
  const city = `${taxBureauCode.slice(0, 5)}000000`
  return PROVINCIAL_AUTHORITIES.has(city) ? city : `${taxBureauCode.slice(0, 3)}00000000`
}
