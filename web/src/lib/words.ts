import type { Schemas } from './api.svelte'

export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`
}

export function count(n: number): string {
  return n.toLocaleString('en-US')
}

export function short(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} G`
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} M`
  return n >= 1e4 ? `${(n / 1e3).toFixed(0)} k` : count(n)
}

export function bytes(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} GB`
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} MB`
  return n >= 1e3 ? `${(n / 1e3).toFixed(0)} kB` : `${n} B`
}

export function duration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function ago(seconds: number): string {
  const gone = Date.now() / 1000 - seconds
  if (gone < 60) return 'just now'
  if (gone < 3600) return `${Math.floor(gone / 60)} min ago`
  if (gone < 86400) return `${Math.floor(gone / 3600)} h ago`
  return gone < 30 * 86400
    ? `${Math.floor(gone / 86400)} d ago`
    : new Date(seconds * 1000).toISOString().slice(0, 10)
}

export function shape(sides: readonly number[]): string {
  return sides.join(' × ')
}

/** A run's recipe and the end of its id, or the name it was given. */
export function called(id: string, recipe: string): string {
  return /^\d{8}-\d{6}-.+-[0-9a-f]{4}$/.test(id) ? `${recipe} ${id.slice(-4)}` : id
}

/** A file's name in the letters that the server keeps; its ending stays. */
export function fileName(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^A-Za-z0-9 _.,+()[\]-]/g, '-')
  return plain.slice(-120).replace(/^[^A-Za-z0-9_([]+/, '') || 'network'
}

/** A sentence without the folder of our copy of somebody's files, which helps nobody to find them. */
export function withoutUploads(text: string): string {
  return text.replaceAll(/\/[^:]*\/\.data\/upload-\w+\//g, '')
}

type Score = { loss: number | null; accuracy: number }

/** What training comes to: the mean over the last epoch that has ended, as the report and the table of epochs
 * say it, and before that the last batches, whose values vary too much to be compared. */
export function currentTraining(steps: readonly Score[], epochs: readonly { training: Score }[]): Score | undefined {
  return epochs.at(-1)?.training ?? steps.at(-1)
}

/** Which pictures a run was scored on; `seen` is what must be said where it may have learnt them. */
export function scoredOn(of: string, n: number, data: string, seen: string): string {
  return `${of}: ${count(n)} pictures of ${data}${seen ? '' : ' that it was not trained on'}.`
}

/** That so many steps are few; the same sentence as few_steps_note of the library. */
export function fewSteps(steps: number, batchSize: number, pictures: number): string {
  const are = steps === 1 ? 'step in all' : 'steps in all'
  return `${count(steps)} ${are}, each of up to ${count(batchSize)} of ${count(pictures)} pictures, are few to learn from`
}

/** How a run stands, and the tag's class for it. */
export const STATES: Record<string, [string, string]> = {
  queued: ['preparing', 'busy'],
  running: ['training', 'busy'],
  finished: ['finished', 'good'],
  stopped: ['stopped', 'warn'],
  interrupted: ['interrupted', 'warn'],
  diverged: ['diverged', 'bad'],
  failed: ['failed', 'bad'],
  imported: ['imported', 'good'],
  stopping: ['stopping', 'busy'],
}

type Row = Pick<Schemas['RunRow'], 'status' | 'changed'>
type Job = Pick<Schemas['JobRow'], 'status' | 'started' | 'stopping'>

/** Whether the training of a job is over; its process writes the run's page still. */
export function hasEnded(row: Row | null, job: Job | undefined): boolean {
  if (!row || job?.status !== 'training' || row.changed < job.started) return false
  return row.status !== 'queued' && row.status !== 'running'
}

/** How a training stands, of which there may be no run yet, or one that is as it was before. */
export function shownStatus(row: Row | null, job: Job | undefined): string {
  if (!job) return row?.status ?? ''
  if (job.status !== 'training') return job.status
  if (row && hasEnded(row, job)) return row.status
  if (job.stopping) return 'stopping'
  return !row || row.status === 'queued' || row.changed < job.started ? 'queued' : 'running'
}

/** Why nothing is called so: a title and a sentence. */
export function whyAbsent(id: string, wasStopped: boolean): [string, string] {
  return wasStopped
    ? ['Stopped before it began', 'It had not trained a step, so nothing of it was saved.']
    : ['No such run', `No run here is called ${id}; it may have been deleted, or stopped before it began.`]
}
