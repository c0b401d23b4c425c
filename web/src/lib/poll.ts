import { untrack } from 'svelte'

/** Calls `look` again and again, and in a hidden tab not at all; returns what ends it. A failure is tried again. */
export function poll(look: () => Promise<unknown>, ms: () => number): () => void {
  let over = false
  let looking = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const turn = async () => {
    if (document.hidden) return // `seen` goes on.
    looking = true
    await look().catch(() => undefined)
    looking = false
    if (!over) timer = setTimeout(turn, ms())
  }
  const seen = () => {
    // While a look is under way the next one follows it anyhow; a second chain would never end.
    if (document.hidden || over || looking) return
    clearTimeout(timer)
    void turn()
  }
  document.addEventListener('visibilitychange', seen)
  // What the first look reads is nothing that an effect around this waits for.
  untrack(() => void turn())
  return () => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', seen)
  }
}

/** Waits so long before something is asked again, and in a hidden tab until that is seen. */
export async function pause(ms: number): Promise<void> {
  await new Promise((done) => setTimeout(done, ms))
  await whenSeen()
}

/** Resolves when the tab is seen: at once where it is. */
export function whenSeen(): Promise<void> {
  if (!document.hidden) return Promise.resolve()
  return new Promise<void>((done) => document.addEventListener('visibilitychange', () => done(), { once: true })).then(whenSeen)
}
