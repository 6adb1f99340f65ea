/** What the stations of one engine share: their tools, what they hold, and a way to wake each other. */

import type { Channel } from '../../issuing/channel.js'
import type { Holds } from '../../issuing/held.js'
import type { PollDeps } from '../../issuing/poll.js'
import type { ProbeDeps } from '../../issuing/probe.js'
import type { PublishDeps } from '../../issuing/publish.js'
import type { ReceiveDeps } from '../../issuing/receive.js'
import type { RefreshDeps } from '../../issuing/refresh.js'
import type { ReplenishDeps } from '../../issuing/replenish.js'
import type { ReserveDeps } from '../../issuing/reserve.js'
import type { UploadDeps } from '../../issuing/upload.js'
import type { Timers } from '../../kernel/time.js'
import type { Station } from '../station.js'

export type EngineDeps = ReceiveDeps &
  ReserveDeps &
  Omit<UploadDeps, 'report'> &
  Omit<PollDeps, 'report'> &
  Omit<PublishDeps, 'outbox' | 'database' | 'timers' | 'report'> &
  Omit<ReplenishDeps, 'holds' | 'report'> &
  Omit<RefreshDeps, 'tables' | 'report'> &
  Omit<ProbeDeps, 'channel' | 'report'> & {
    channel: Channel
    uploader: PollDeps['uploader'] & UploadDeps['uploader'] & ReserveDeps['uploader']
    timers: Timers
    /** Delivers what travels by callback. */
    callbacks: Pick<Station, 'kick'>
    /** Rest of a station after so many errors in a row, in ms. */
    errorRestMs: (error: unknown, failureCount: number) => number
    /** Uploads under way at once for one using unit. */
    uploadConcurrency: number
    log: (event: string, fields: Record<string, unknown>, level: 'debug' | 'info' | 'warn' | 'error') => void
  }

export type StationName =
  | 'settings'
  | 'channel'
  | 'refresh'
  | 'inbox'
  | 'reserve'
  | 'resend'
  | 'poll'
  | 'outbox'
  | 'moves'
  | 'waking'
  | 'sweep'
  | 'holds'

export interface Stage {
  deps: EngineDeps
  holds: Holds
  /** Nothing new is begun from now on. */
  stopping: AbortSignal
  kick(name: StationName): void
  kickIn(name: StationName, ms: number): void
  /** Runs a piece of work beside the stations; `stop` waits for it, an error is told. */
  spawn(name: string, work: () => Promise<void>): void
  report(fields: { event: string }): void
}

export type Stations = Readonly<Record<StationName, Station>>
