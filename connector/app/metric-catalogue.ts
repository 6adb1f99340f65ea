/**
 * Every figure of ours on `/metrics`, as data. Base units, names as Prometheus wants them, and labels that can only take
 * values of our own lists: never a tax number, an order, a name, or a word that a tenant chose (ADR 0022).
 */
import type { MetricDefinition } from '../../adapters/system/metrics.js'

/** Seconds, as all buckets: from a call within the process to a wait over lunch. */
const STEP_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200] as const
const CALL_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5] as const

export const METRICS = {
  leqi_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels tell the version',
    labels: ['version', 'node_version'],
  },
  leqi_ready: { type: 'gauge', help: 'Whether the process may be given work, as /readyz says' },
  leqi_database_up: { type: 'gauge', help: 'Whether the database answers and stores' },
  leqi_broker_up: { type: 'gauge', help: 'Whether RabbitMQ is connected, by direction', labels: ['direction'] },
  leqi_intake_up: { type: 'gauge', help: 'Whether orders are consumed and can be stored' },
  leqi_bureau_stops: { type: 'gauge', help: 'Units held back from the bureau, by cause', labels: ['cause'] },
  leqi_bureau_breakers_open: { type: 'gauge', help: 'Direct units whose bureau cannot be reached' },
  leqi_clock_faults: { type: 'gauge', help: 'Bureaus whose clock is too far from that of this process' },
  leqi_batches_in_flight: { type: 'gauge', help: 'Batches that this process uploads or polls now' },

  leqi_units: { type: 'gauge', help: 'Using units' },
  leqi_units_restore_held: { type: 'gauge', help: 'Using units that wait for people after a restore' },
  leqi_numbers_free: { type: 'gauge', help: 'Free invoice numbers of all units' },
  leqi_numbers_free_min: { type: 'gauge', help: 'Free invoice numbers of the verified unit that has the fewest' },
  leqi_units_numbers_short: { type: 'gauge', help: 'Verified units with fewer free numbers than their warning count' },
  leqi_quota_available_yuan: { type: 'gauge', help: 'Quota that is available, of all units, in yuan' },
  leqi_quota_available_ratio_min: {
    type: 'gauge',
    help: 'Smallest share of the downloaded quota of a verified unit that is still available, 0 to 1',
  },
  leqi_units_quota_short: { type: 'gauge', help: 'Verified units with less than half of one download available' },

  leqi_parked: { type: 'gauge', help: 'What waits for a named cause, by kind', labels: ['entity', 'cause'] },
  leqi_in_doubt_batches: { type: 'gauge', help: 'Batches whose upload was not answered in a way that can be trusted' },
  leqi_in_doubt_oldest_seconds: { type: 'gauge', help: 'Age of the oldest batch in doubt; 0: none' },
  leqi_needs_person: { type: 'gauge', help: 'Incidents that a person has to close, by kind', labels: ['kind'] },
  leqi_dead_letters: { type: 'gauge', help: 'Messages that only a person can move on; counted up to 100000' },
  leqi_results_pending: { type: 'gauge', help: 'Results that the broker has not confirmed' },
  leqi_results_unroutable: { type: 'gauge', help: 'Of the pending results: no queue takes them' },
  leqi_results_oldest_seconds: { type: 'gauge', help: 'Age of the oldest pending result; 0: none' },
  leqi_callbacks_pending: { type: 'gauge', help: 'Callbacks that are still tried' },
  leqi_callbacks_exhausted: { type: 'gauge', help: 'Callbacks that were given up' },
  leqi_callbacks_oldest_seconds: { type: 'gauge', help: 'Age of the oldest pending callback; 0: none' },
  leqi_callback_endpoints_disabled: { type: 'gauge', help: 'Callback endpoints that are switched off' },
  leqi_callback_breakers_open: { type: 'gauge', help: 'Callback endpoints that are given a pause' },

  leqi_step_duration_seconds: {
    type: 'histogram',
    help: 'How long a step of the way took, once a batch: its slowest. An order is received when its invoices are computed',
    labels: ['step'],
    buckets: STEP_BUCKETS,
  },
  leqi_messages_total: { type: 'counter', help: 'Messages taken in, by what they became', labels: ['disposition'] },
  leqi_invoices_total: { type: 'counter', help: 'Verdicts that polls brought', labels: ['verdict'] },
  leqi_results_published_total: { type: 'counter', help: 'Results that the broker confirmed' },
  leqi_callback_attempts_total: {
    type: 'counter',
    help: 'Attempts of callbacks, by what came of them',
    labels: ['state'],
  },
  leqi_incidents_total: { type: 'counter', help: 'What must not happen and did, by kind', labels: ['kind'] },
  leqi_station_failures_total: {
    type: 'counter',
    help: 'Rounds of a station that ended in an error',
    labels: ['station'],
  },

  leqi_http_request_duration_seconds: {
    type: 'histogram',
    help: 'HTTP requests by pattern of their route, method and class of their status',
    labels: ['route', 'method', 'status'],
    buckets: REQUEST_BUCKETS,
  },
  leqi_bureau_call_duration_seconds: {
    type: 'histogram',
    help: 'Calls of the bureau by service code and outcome, repetitions within a call included',
    labels: ['service', 'outcome'],
    buckets: CALL_BUCKETS,
  },
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof METRICS
