import { ask, type JobRow, type RunRow, type Schemas } from './api.svelte'
import { poll } from './poll'

let runs = $state.raw<RunRow[] | null>(null)
let jobs = $state.raw<JobRow[]>([])
let imports = $state.raw<Schemas['ImportRow'][]>([])
let about = $state.raw<Schemas['AppAbout'] | null>(null)
let version = ''

async function look(hasList = true) {
  about ??= await ask<Schemas['AppAbout']>('about')
  await Promise.all([lookAtQueue(), hasList && lookAtRuns()])
}

async function lookAtQueue() {
  const queue = await ask<Schemas['Queue']>('queue')
  if (JSON.stringify(queue.jobs) !== JSON.stringify(jobs)) jobs = queue.jobs
  if (JSON.stringify(queue.imports) !== JSON.stringify(imports)) imports = queue.imports
}

async function lookAtRuns() {
  const list = await ask<Schemas['RunList']>(`runs?known=${version}`)
  if (list.version !== version) {
    runs = list.runs
    version = list.version
  }
}

/** What the workspace holds, as it was a moment ago; `runs` is null until it is known. */
export const workspace = {
  get runs() {
    return runs
  },
  get jobs() {
    return jobs
  },
  get imports() {
    return imports
  },
  get about() {
    return about
  },
  get busy() {
    return jobs.some((one) => one.status === 'training' && !one.ended)
  },
  look: () => look(),
  /** Looks again and again, less often at a long list, and at none where the page shows one run. */
  follow: (hasList: boolean) => poll(() => look(hasList), () => (hasList ? Math.min(1000 + 2 * (runs?.length ?? 0), 5000) : 2000)),
}
