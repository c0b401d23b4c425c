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
  }
}
