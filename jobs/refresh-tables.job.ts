/** Thread of the job `refresh-tables`; see schedule.ts. */
import { workerData } from 'node:worker_threads'
import { runJob } from '../connector/app/job-desk.js'
import { parseJobData } from './job-data.js'

await runJob('refresh-tables', parseJobData(workerData), (desk) => desk.makeTablesDue())
