/** The tables of the first release. */
import { ACCESS_TABLES } from './0001-access-tables.js'
import { ACTION_TABLES } from './0001-action-tables.js'
import { API_ROLE_RIGHTS } from './0001-api-role.js'
import { CALLBACK_TABLES } from './0001-callback-tables.js'
import { CHANNEL_TABLES } from './0001-channel-tables.js'
import { ISSUING_TABLES } from './0001-issuing-tables.js'
import { RESTORE_TABLES } from './0001-restore-tables.js'
import { SETTINGS_TABLES } from './0001-settings-tables.js'

export const FOUNDATION = `-- safe${ACCESS_TABLES}${SETTINGS_TABLES}${CHANNEL_TABLES}${ISSUING_TABLES}${CALLBACK_TABLES}${ACTION_TABLES}${RESTORE_TABLES}${API_ROLE_RIGHTS}`
