/** The dead letters of one schema, put together from their operations. */
import type pg from 'pg'
import type { DeadLetterStore } from '../../../connector/dead-letters/ports.js'
import { discardLetters, holdLetters, releaseLetters } from './move-letters.js'
import { loadContents, loadGroups, loadPage } from './read-letters.js'

export function makeDeadLetterStore(pool: pg.Pool): DeadLetterStore {
  return {
    groups: (filter, limit) => loadGroups(pool, filter, limit),
    page: (filter, options) => loadPage(pool, filter, options),
    loadContents: (inboxIds) => loadContents(pool, inboxIds),
    release: releaseLetters,
    discard: discardLetters,
    hold: holdLetters,
  }
}
