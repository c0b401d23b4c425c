/** The screen's state is the address behind the #: a page and its words, as in #/runs?sort=name. */
function read() {
  const [page, query] = location.hash.replace(/^#\/?/, '').split('?')
  return { page: page ?? '', words: new URLSearchParams(query ?? '') }
}

let now = $state.raw(read())
addEventListener('hashchange', () => (now = read()))

export const route = {
  get page() {
    return now.page
  },
  word(name: string): string {
    return now.words.get(name) ?? ''
  },
  words(name: string): string[] {
    return now.words.getAll(name)
  },
}

export type Words = Record<string, string | string[] | null>

export function link(page: string, words: Words = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(words))
    for (const one of [value].flat()) if (one) query.append(name, one)
  const text = query.toString()
  return `#/${page}${text ? `?${text}` : ''}`
}

export function go(page: string, words: Words = {}): void {
  location.hash = link(page, words)
}

/** Changes words of the present page's address without a step in the browser's history. */
export function put(words: Words): void {
  const query = new URLSearchParams(now.words)
  for (const [name, value] of Object.entries(words)) {
    query.delete(name)
    for (const one of [value].flat()) if (one) query.append(name, one)
  }
  const text = query.toString()
  history.replaceState(null, '', `#/${now.page}${text ? `?${text}` : ''}`)
  now = read()
}
