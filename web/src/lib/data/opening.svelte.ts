import { ask, sentence, type Schemas } from '../api.svelte'

/** Pictures of a dataset, whose files may have to be read first: what came, how far that is, its stop. */
export class Opening<T> {
  shown = $state.raw<T | null>(null)
  /** How far the reading is; null while nothing is read. */
  act = $state.raw<Schemas['ActState'] | null>(null)
  failed = $state('')
  asking = $state(false)
  stopped = $state(false)
  #stopper = new AbortController()

  /** Asks anew; an answer to what was asked before counts no more. */
  async look(name: string, path: string, json?: unknown): Promise<void> {
    this.leave()
    const { signal } = (this.#stopper = new AbortController())
    ;[this.asking, this.stopped] = [true, false]
    try {
      const answer = await ask<T>(`data/${encodeURIComponent(name)}/${path}`, { json, signal, tell: (act) => (this.act = act) })
      if (!signal.aborted) [this.shown, this.failed] = [answer, '']
    } catch (error) {
      if (!signal.aborted) this.failed = sentence(error)
    } finally {
      if (!signal.aborted) [this.asking, this.act] = [false, null]
    }
  }

  /** Asks no more; files that are read are read on. */
  leave(): void {
    this.#stopper.abort()
    ;[this.asking, this.act] = [false, null]
  }

  /** Has the files of `name` read no further. */
  stop(name: string): void {
    this.leave()
    ;[this.failed, this.stopped] = ['Opening the pictures was stopped.', true]
    void ask(`data/${encodeURIComponent(name)}/stop`, { method: 'POST' }).catch(() => undefined)
  }
}
