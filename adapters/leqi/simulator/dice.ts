/**
 * Seeded chance. A throw depends only on the seed, a label and an ordinal, never on what else happened in between:
 * the n-th upload of a run meets the same fault whether or not somebody polled meanwhile.
 */
export interface Dice {
  /** A number in [0, 1). */
  throwAt(label: string, ordinal: number): number
}

const TWO_TO_32 = 0x1_0000_0000

export function makeDice(seed: number): Dice {
  const seedHash = mix(seed >>> 0)
  return {
    throwAt(label, ordinal) {
      // FNV-1a over the label, then the finaliser of murmur3: neighbouring ordinals share no pattern.
      let hash = 0x811c9dc5 ^ seedHash
      for (let place = 0; place < label.length; place += 1) {
        hash = Math.imul(hash ^ label.charCodeAt(place), 0x01000193)
      }
      return mix(hash ^ mix(ordinal >>> 0)) / TWO_TO_32
    },
  }
}

function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
