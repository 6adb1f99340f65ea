/**
 * Fuzzes intake, the mapping compiler and the reader of the bureau's answers: `npm run fuzz -- --inputs N --seed S`.
 * Prints the seed; the same seed and count give the same inputs again.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileHouse } from './compile.mjs'

/** Inputs per target of a plain `npm test`: the sum of `fuzzRun(…)` in each file. */
const USUAL_INPUT_COUNT = 4_000
/** A run that takes longer hangs on some input. A hundred thousand inputs take some two minutes. */
const MS_PER_INPUT_MAX = 12

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})
const inputs = Number(values.inputs)
const seed = Number(values.seed)
if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  console.error('--inputs and --seed are whole numbers')
  process.exit(2)
}
const repeat = `npm run fuzz -- --inputs ${inputs} --seed ${seed}`
console.log(`fuzz: ${inputs} inputs per target, seed ${seed}`)

const files = ['connector', 'adapters', 'mappings'].flatMap((room) =>
  readdirSync(room, { recursive: true })
    .map((file) => join(room, String(file)))
    .filter((file) => file.endsWith('.fuzz.test.ts')),
)
const house = await compileHouse()
const args = [...house.flags, '--test', '--test-concurrency=2', ...files.map(house.compiled)]
const child = spawn(process.execPath, args, {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_FACTOR: String(inputs / USUAL_INPUT_COUNT), FUZZ_SEED: String(seed) },
})
const deadline = setTimeout(
  () => {
    console.error('an input hangs')
    child.kill('SIGKILL')
  },
  60_000 + inputs * MS_PER_INPUT_MAX,
)
child.on('exit', (status) => {
  clearTimeout(deadline)
  house.remove()
  if (status !== 0) console.error(`to repeat it: ${repeat}`)
  process.exit(status ?? 1)
})
