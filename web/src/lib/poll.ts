import { untrack } from 'svelte'

/** Calls `look` again and again, not in a hidden tab; returns what ends it. A failure is tried again. */
export function poll(look: () => Promise<unknown>, ms: () => number): () => void {
  let over = false
  let looking = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const turn = async () => {
    looking = true
    if (!document.hidden) await look().catch(() => undefined)
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
