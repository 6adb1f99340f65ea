/** The tables of the first release. */
import { ISSUING_TABLES } from './0001-issuing-tables.js'
import { SETTINGS_TABLES } from './0001-settings-tables.js'

export const FOUNDATION = `-- safe${SETTINGS_TABLES}${ISSUING_TABLES}`
