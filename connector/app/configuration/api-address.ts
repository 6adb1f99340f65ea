/**
 * Leqi's address: encrypted, or named by the operator as a simulator; and of the unit's own environment.
 * Source: Leqi access guide V2.006, production and sandbox paths.
 */
export const BUREAU_ADDRESSES = {
  production: 'https://lqpt.chinatax.gov.cn:8443/access/v2/invoke',
  sandbox: 'https://lqpt.chinatax.gov.cn:8443/access/sandbox/v2/invoke',
} as const

const BUREAU_HOST = new URL(BUREAU_ADDRESSES.production).host

export interface AddressRefusal {
  zh: string
  en: string
}

/**
 * Why an address must not be called; null when it may.
 * Shape: `insecureHosts` are the `host:port` of LEQI_INSECURE_HOSTS, lower case.
 */
export function judgeApiAddress(
  address: string,
  environment: 'production' | 'sandbox',
  insecureHosts: readonly string[],
): AddressRefusal | null {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { zh: '须为 https:// 地址', en: 'must be an https:// address' }
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return { zh: '地址不得带用户、查询或片段', en: 'must not hold a user, a query or a fragment' }
  }
  if (url.protocol === 'http:' && !insecureHosts.includes(withPort(url))) {
    return {
      zh: `明文 http:// 只允许 LEQI_INSECURE_HOSTS 中的 host:port，其中没有 ${withPort(url)}`,
      en: `plain http:// is for hosts of LEQI_INSECURE_HOSTS only, and ${withPort(url)} is not among them`,
    }
  }
  const isSandboxPath = /\/(new)?sandbox\//.test(`${url.pathname}/`)
  if (url.host === BUREAU_HOST && isSandboxPath !== (environment === 'sandbox')) {
    return {
      zh: `地址属于${isSandboxPath ? '沙箱' : '正式'}环境，与 environment 不符`,
      en: `belongs to the ${isSandboxPath ? 'sandbox' : 'production'} environment, environment says otherwise`,
    }
  }
  return null
}

/** `host:port`, also where the port is the protocol's own. */
function withPort(url: URL): string {
  return url.port === '' ? `${url.hostname}:${url.protocol === 'https:' ? 443 : 80}` : url.host
}
