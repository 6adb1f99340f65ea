/**
 * Which passwords are taken (reliability §6): 12 to 128 characters, not one that everybody tries first, not the login.
 * Length counts, kinds of characters do not: rules of that sort make passwords that people write down.
 */
import { Refusal } from '../kernel/refusal.js'

const LENGTH_MIN = 12
const LENGTH_MAX = 128
/** Fewer different characters than this is one key held down, or two in turns. */
const DISTINCT_MIN = 5
/** What is left of these without digits, signs and repetition is what everybody tries first. */
const COMMON_CORES = new Set([
  'password',
  'passwort',
  'passw',
  'qwertyuiop',
  'qwerty',
  'asdfghjkl',
  'zxcvbnm',
  'qazwsxedc',
  'abcdefghijkl',
  'abcdefgh',
  'abcabc',
  'letmein',
  'welcome',
  'iloveyou',
  'changeme',
  'administrator',
  'admin',
  'root',
  'test',
  'guest',
  'leqi',
  'leqiconnector',
  'fapiao',
  'woaini',
  'mima',
])
const SEQUENCES = ['01234567890123456789', '98765432109876543210', 'abcdefghijklmnopqrstuvwxyz']

/** Errors: Refusal `ACC-password` that says which rule it breaks; never the password. */
export function requirePassword(password: string, login: string): void {
  const fault = findFault(password, login)
  if (fault === null) return
  const [message, messageEn] = fault
  throw new Refusal('invalid', {
    code: 'ACC-password',
    message: `密码${message}`,
    messageEn: `the password ${messageEn}`,
  })
}

function findFault(password: string, login: string): readonly [string, string] | null {
  const length = [...password].length
  if (length < LENGTH_MIN || length > LENGTH_MAX) {
    return [`须为 ${LENGTH_MIN} 到 ${LENGTH_MAX} 个字符`, `must have ${LENGTH_MIN} to ${LENGTH_MAX} characters`]
  }
  const lower = password.toLowerCase()
  if (lower.includes(login.toLowerCase()) || login.toLowerCase().includes(lower)) {
    return ['不得包含登录名', 'must not contain the login']
  }
  const isCommon =
    new Set(lower).size < DISTINCT_MIN ||
    SEQUENCES.some((sequence) => sequence.includes(lower)) ||
    COMMON_CORES.has(lower.replace(/[^a-z]/g, '')) ||
    COMMON_CORES.has(halfOf(lower.replace(/[^a-z]/g, '')))
  return isCommon ? ['过于常见，容易被猜到', 'is one of those that are tried first'] : null
}

/** A text that is another one twice is as good as that one. */
function halfOf(text: string): string {
  const half = text.slice(0, text.length / 2)
  return text === half + half ? half : text
}
