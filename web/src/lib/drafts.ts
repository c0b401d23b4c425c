import { ask } from './api.svelte'

/** Keeps the newest content of a draft on the server: one request at a time, those between are not sent. */
export class DraftKeeper {
  #next: { name: string; content: object } | null = null
  #busy = false

  constructor(readonly onfailure: (error: unknown) => void = () => undefined) {
    addEventListener('pagehide', () => void this.#send())
  }

  keep(name: string, content: object): void {
    this.#next = { name, content }
    if (!this.#busy) void this.#work()
  }

  /** What was to be kept is forgotten. */
  drop(): void {
    this.#next = null
  }

  async #work(): Promise<void> {
    this.#busy = true
    try {
      while (this.#next) await this.#send()
    } catch (error) {
      this.onfailure(error)
    } finally {
      this.#busy = false
    }
  }

  async #send(): Promise<void> {
    const sent = this.#next
    this.#next = null
    // It arrives also when the page is left meanwhile.
    if (sent) await ask(`drafts/${sent.name}`, { method: 'PUT', json: { content: sent.content }, outlives: true })
  }
}
