/** Thread of the job `audit`; see schedule.ts. A violation is thrown, so that it is told as an error. */
import { parentPort, workerData } from 'node:worker_threads'
import { runJob } from '../connector/app/job-desk.js'
import { parseJobData } from './job-data.js'

const report = await runJob('audit', parseJobData(workerData), (desk) => desk.audit())
if (report !== null && !report.ok) throw new Error(`audit: ${JSON.stringify(report.violations)}`)
parentPort?.postMessage(report === null ? 'another replica audits' : report.counts)
