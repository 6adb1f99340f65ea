import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isPublicAddress } from './addresses.js'

/** The same ranges as arithmetic, independent of the parser and the lists of the platform. */
const V4 = [
  ...[
    [0x00000000n, 8n],
    [0x0a000000n, 8n],
    [0x64400000n, 10n],
    [0x7f000000n, 8n],
    [0xa83f8110n, 32n],
  ],
  ...[
    [0xa9fe0000n, 16n],
    [0xac100000n, 12n],
    [0xc0000000n, 24n],
    [0xc0000200n, 24n],
    [0xc0586300n, 24n],
  ],
  ...[
    [0xc0a80000n, 16n],
    [0xc6120000n, 15n],
    [0xc6336400n, 24n],
    [0xcb007100n, 24n],
    [0xe0000000n, 3n],
  ],
] as [bigint, bigint][]

function isInside(bits: bigint, width: bigint, [base, prefix]: readonly [bigint, bigint]): boolean {
  return bits >> (width - prefix) === base >> (width - prefix)
}

function writeV4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.')
}

function writeV6(bits: bigint): string {
  return Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(':')
}

const v4Bits = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n })
const v6Bits = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
/** Addresses at and around the ends of every range, where mistakes live. */
const v4Edges = fc.constantFrom(
  ...V4.flatMap(([base, prefix]) => {
    const last = base + 2n ** (32n - prefix) - 1n
    return [base - 1n, base, last, last + 1n].filter((bits) => bits >= 0n && bits < 2n ** 32n)
  }),
)

test('an IPv4 address is public exactly outside the ranges that are set apart', () => {
  fc.assert(
    fc.property(fc.oneof(v4Bits, v4Edges), (bits) => {
      const isReserved = V4.some((range) => isInside(bits, 32n, range))
      assert.equal(isPublicAddress(writeV4(bits)), !isReserved, writeV4(bits))
    }),
    { numRuns: 3_000 },
  )
})

test('an IPv6 address is public only in 2000::/3, outside its ranges that are set apart', () => {
  const ranges = [
    [0x20010000n << 96n, 23n],
    [0x20010db8n << 96n, 32n],
    [0x20020000n << 96n, 16n],
    [0x3fff0000n << 96n, 20n],
  ]
  const nearPublic = v6Bits.map((bits) => (bits & (2n ** 125n - 1n)) | (1n << 125n))
  const nearReserved = fc
    .tuple(fc.constantFrom(0x2001n, 0x2002n, 0x3fffn), v6Bits)
    .map(([head, bits]) => (bits & (2n ** 112n - 1n)) | (head << 112n))
  fc.assert(
    fc.property(fc.oneof(v6Bits, nearPublic, nearReserved), (bits) => {
      const isReserved = ranges.some(([base = 0n, prefix = 0n]) => isInside(bits, 128n, [base, prefix]))
      assert.equal(isPublicAddress(writeV6(bits)), bits >> 125n === 1n && !isReserved, writeV6(bits))
    }),
    { numRuns: 3_000 },
  )
})

test('no way of carrying an IPv4 address inside an IPv6 one is public, whatever the address', () => {
  fc.assert(
    fc.property(v4Bits, (bits) => {
      const [high, low] = [(bits >> 16n).toString(16), (bits & 0xffffn).toString(16)]
      const carriers = [
        ...[
          `::ffff:${writeV4(bits)}`,
          `::${writeV4(bits)}`,
          `64:ff9b::${writeV4(bits)}`,
          `64:ff9b:1::${writeV4(bits)}`,
        ],
        ...[`2002:${high}:${low}::1`, `2001:0:${high}:${low}::1`, `2001:0:1:2:3:4:${high}:${low}`],
      ]
      for (const address of carriers) assert.equal(isPublicAddress(address), false, address)
    }),
  )
})

test('well-known addresses are told apart', () => {
  const forbidden = [
    ...['0.0.0.0', '127.0.0.1', '10.1.2.3', '100.100.100.200', '169.254.169.254', '168.63.129.16', '255.255.255.255'],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '2001:db8::1', '2606::1%1'],
    ...['', 'localhost', '1.1', '0x7f000001', '1.1.1.1 ', '1.1.1.1:80', '[2606:4700::1]'],
  ]
  for (const address of forbidden) assert.equal(isPublicAddress(address), false, address)
  for (const address of ['1.1.1.1', '114.114.114.114', '2606:4700:4700::1111', '240e:4c:4008::1']) {
    assert.equal(isPublicAddress(address), true, address)
  }
})
