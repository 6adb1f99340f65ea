import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { parseJobData } from './job-data.js'
import { SCHEDULE } from './schedule.js'

test('every job file stands in the timetable, and no other', () => {
  const files = readdirSync('jobs').filter((file) => file.endsWith('.job.ts'))

  assert.deepEqual(
    files.map((file) => file.slice(0, -'.job.ts'.length)).sort(),
    SCHEDULE.map(({ name }) => name).sort(),
  )
})

test('each job has a time of the day that exists', () => {
  for (const { name, hour, minute } of SCHEDULE) {
    assert.ok(hour >= 0 && hour < 24 && minute >= 0 && minute < 60, name)
  }
})

test('a job is given its database and nothing else is taken', () => {
  const place = { databaseUrl: 'postgres://127.0.0.1/test', databaseSchema: 'leqi', minuteOfDay: 130 }

  assert.deepEqual({ ...parseJobData({ ...place, job: { name: 'audit' } }) }, { ...place, job: { name: 'audit' } })
  assert.throws(() => parseJobData({ databaseUrl: 'x' }))
})
