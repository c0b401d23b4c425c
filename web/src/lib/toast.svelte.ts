type Toast = { text: string; verb?: string; act?: () => void }

let shown = $state.raw<Toast | null>(null)
let timer: ReturnType<typeof setTimeout>

/** A sentence at the foot of the page, for some seconds, with at most one thing to do. */
export const toast = {
  get shown() {
    return shown
  },
  say(text: string, verb?: string, act?: () => void) {
    clearTimeout(timer)
    shown = { text, ...(verb && act ? { verb, act } : {}) }
    timer = setTimeout(() => (shown = null), act ? 12000 : 5000)
  },
  close() {
    shown = null
  },
}
