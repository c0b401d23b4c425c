const KEPT = 'toile-theme'
const system = matchMedia('(prefers-color-scheme: dark)')

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT)
  } catch {
    return null
  }
}

const before = kept()
let chosen = $state(before)
let systemDark = $state(system.matches)
system.addEventListener('change', () => (systemDark = system.matches))
if (before) document.documentElement.dataset.theme = before

export const theme = {
  get dark() {
    return chosen ? chosen === 'dark' : systemDark
  },
  toggle() {
    chosen = theme.dark ? 'light' : 'dark'
    document.documentElement.dataset.theme = chosen
    try {
      localStorage.setItem(KEPT, chosen)
    } catch {
      // Then it lasts as long as the page.
    }
  },
}

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
