/** Which addresses of settings a callback may go to, as far as the text alone tells; names are judged when they are resolved. */
import { isIP } from 'node:net'
import { isPublicAddress } from './addresses.js'

/** Ports where something public listens for HTTPS; any other may be a service that never expected a POST. */
const PORTS = ['', '443', '8443']

export interface TargetRefusal {
  zh: string
  en: string
}

/**
 * Why a callback must not go to an address; null when it may.
 * Shape: `namedHosts` are the `host:port` of LEQI_CALLBACK_HOSTS, lower case.
 */
export function judgeTarget(address: string, namedHosts: readonly string[]): TargetRefusal | null {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { zh: '须为 https:// 地址', en: 'must be an https:// address' }
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return { zh: '地址不得带用户或片段', en: 'must not hold a user or a fragment' }
  }
  if (isNamed(url, namedHosts)) return null
  if (url.protocol === 'http:') {
    return {
      zh: '须为 https:// 地址；明文 http:// 只允许 LEQI_CALLBACK_HOSTS 中的 host:port',
      en: 'must be https://; plain http:// is for hosts of LEQI_CALLBACK_HOSTS only',
    }
  }
  if (!PORTS.includes(url.port)) {
    return {
      zh: '端口须为 443 或 8443；其他端口须在 LEQI_CALLBACK_HOSTS 中列出',
      en: 'the port must be 443 or 8443; any other must be named in LEQI_CALLBACK_HOSTS',
    }
  }
  const host = toAddress(url.hostname)
  if (isIP(host) !== 0 && !isPublicAddress(host)) {
    return {
      zh: '不得指向内网或保留地址；内部目标须在 LEQI_CALLBACK_HOSTS 中列出',
      en: 'must not be a private or reserved address; internal targets must be named in LEQI_CALLBACK_HOSTS',
    }
  }
  return null
}

/** Whether the operator named this host and port. */
export function isNamed(url: Pick<URL, 'hostname' | 'port' | 'protocol'>, namedHosts: readonly string[]): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return namedHosts.includes(`${url.hostname}:${port}`)
}

/** A literal IPv6 address without its brackets. */
function toAddress(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
