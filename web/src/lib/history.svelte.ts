import { ask, type RunRow, type Schemas } from './api.svelte'

type Score = { loss: number | null; accuracy: number }
export type StepRecord = { kind: 'step'; step: number; epoch: number; learning_rate: number; seconds: number; images_per_second: number } & Score
export type EpochRecord = {
  kind: 'epoch'
  epoch: number
  step: number
  training: Score
  validation: Score
  best: boolean
  seconds: number
  evaluation_seconds: number
  total_seconds: number
}

/** A run's curve, grown by what was written since it was last looked at. */
export class History {
  steps = $state.raw<StepRecord[]>([])
  epochs = $state.raw<EpochRecord[]>([])
  row = $state.raw<RunRow | null>(null)
  #until = 0
  #grew = false

  constructor(readonly id: string) {}

  async look(): Promise<void> {
    const said = await ask<Schemas['HistoryAnswer']>(`runs/${encodeURIComponent(this.id)}/history?since=${this.#until}`)
    this.row = said.row
    if (said.since !== this.#until) {
      // The run went on from a checkpoint, and writes anew what came after it.
      this.steps = []
      this.epochs = []
    }
    this.#until = said.until
    const records = said.records as unknown as (StepRecord | EpochRecord)[]
    const steps = records.filter((one) => one.kind === 'step')
    const epochs = records.filter((one) => one.kind === 'epoch')
    if (steps.length) this.steps = [...this.steps, ...steps]
    if (epochs.length) this.epochs = [...this.epochs, ...epochs]
    this.#grew = records.length > 0
  }

  /** Milliseconds in which a curve hardly changes: one of thousands of points takes longer to draw, too. */
  get pauseMs(): number {
    const num = this.steps.length
    return this.#grew ? Math.max(500, Math.min(num, 1000), Math.min(num / 10, 2000)) : 1000
  }
}
