/** What the timetable hands to a job's thread. */
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

const JobData = Type.Object({
  databaseUrl: Type.String(),
  databaseSchema: Type.String(),
  minuteOfDay: Type.Union([Type.Integer(), Type.Null()]),
})
export type JobData = Static<typeof JobData>

export function parseJobData(value: unknown): JobData {
  // bree wraps what it was given beside the description of the job.
  return Value.Parse(JobData, value)
}
