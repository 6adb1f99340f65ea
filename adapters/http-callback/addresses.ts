/**
 * Which addresses are the public internet's. What is not known to be is not: an address must lie in the space that is
 * given out to the public and in no range that is set apart from it.
 *
 * Every form that carries an IPv4 address inside an IPv6 one (mapped, compatible, 6to4, Teredo, NAT64) is refused as a
 * whole: what it leads to is decided by somebody else's gateway.
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, 8190.
 */
import { BlockList, isIP } from 'node:net'

const RESERVED_V4 = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT; a cloud's metadata at 100.100.100.200
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // a cloud's metadata at a public-looking address
  ['169.254.0.0', 16], // link-local; clouds' metadata
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // IETF protocols
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays, withdrawn
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
] as const

/** All that is given out to the public so far; loopback, link-local, ULA, multicast, mapped and NAT64 lie outside. */
const PUBLIC_V6 = ['2000::', 3] as const
const RESERVED_V6 = [
  ['2001::', 23], // IETF protocols: Teredo, ORCHID, benchmarks
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4
  ['3fff::', 20], // documentation
] as const

const reserved = new BlockList()
for (const [address, prefix] of RESERVED_V4) reserved.addSubnet(address, prefix, 'ipv4')
for (const [address, prefix] of RESERVED_V6) reserved.addSubnet(address, prefix, 'ipv6')
const publicSpace = new BlockList()
publicSpace.addSubnet(...PUBLIC_V6, 'ipv6')

/** Shape: any text; false for what is no address, and for one with a zone. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !reserved.check(address, 'ipv4')
    case 6:
      // With a zone it is an address of one of our own links.
      return !address.includes('%') && publicSpace.check(address, 'ipv6') && !reserved.check(address, 'ipv6')
    default:
      return false
  }
}
