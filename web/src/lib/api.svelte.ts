import type { components } from './api-types'
import { pause } from './poll'

export type Schemas = components['schemas']
export type RunRow = Schemas['RunRow']
export type RunDetail = Schemas['RunDetail']
export type LayerCell = Schemas['LayerCell']
export type JobRow = Schemas['JobRow']

/** Whether the server answers: `locked` without its token, `lost` while it is not there. */
export const connection = $state<{ is: 'good' | 'lost' | 'locked' }>({ is: 'good' })

export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

const KEPT = 'toile-token'
let token = takeToken()

/** The token of the opened address, which is then stripped of it. A reload finds it in this tab's storage. */
function takeToken(): string {
  const found = /[#&]token=([\w-]+)/.exec(location.hash)?.[1]
  if (found) history.replaceState(null, '', location.pathname + location.search + '#/')
  try {
    if (found) sessionStorage.setItem(KEPT, found)
    return found ?? sessionStorage.getItem(KEPT) ?? ''
  } catch {
    return found ?? '' // A frame of another site may have no storage.
  }
}

// A link opened in another tab asks the tabs of this page that are open already.
const tabs = new BroadcastChannel('toile')
tabs.onmessage = ({ data }) => {
  if (data === 'token?') token && tabs.postMessage({ token })
  else if (typeof data?.token === 'string' && connection.is === 'locked') useToken(data.token)
}
if (!token) tabs.postMessage('token?')

export function useToken(address: string): void {
  token = (/token=([\w-]+)/.exec(address)?.[1] ?? address).trim()
  try {
    sessionStorage.setItem(KEPT, token)
  } catch {
    // Then a reload asks again.
  }
  connection.is = 'good'
}

type Asked = {
  method?: string
  json?: unknown
  bytes?: Blob
  signal?: AbortSignal
  outlives?: boolean
  /** Hears how far it is, where what is asked for has to be read first. */
  tell?: (act: Schemas['ActState']) => void
}
const ASK_AGAIN_MS = 400

/** What the API answers, asked again while it is being made ready; throws a Refusal with the server's own sentence. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const headers: Record<string, string> = { 'X-Toile-Token': token }
  if (asked.json !== undefined) headers['Content-Type'] = 'application/json'
  const text = asked.json === undefined ? null : JSON.stringify(asked.json)
  let answer: Response
  try {
    answer = await fetch(new URL(`api/${path}`, document.baseURI), {
      method: asked.method ?? (asked.json === undefined && !asked.bytes ? 'GET' : 'POST'),
      headers,
      body: text ?? asked.bytes ?? null,
      // Browsers carry 64 KiB at most beyond the end of a page.
      keepalive: (asked.outlives ?? false) && (text?.length ?? 0) < 30_000,
      signal: asked.signal ?? null,
    })
  } catch (error) {
    if (asked.signal?.aborted) throw error
    connection.is = 'lost'
    throw new Refusal('The server does not answer.', 0)
  }
  if (answer.status === 401) {
    connection.is = 'locked'
    tabs.postMessage('token?')
    throw new Refusal('The server asks for its token.', 401)
  }
  connection.is = 'good'
  if (!answer.ok) {
    const said = await answer.json().catch(() => null)
    throw new Refusal(said?.error ?? `The server failed with ${answer.status}.`, answer.status)
  }
  if (answer.status === 202) {
    asked.tell?.(await answer.json())
    await pause(ASK_AGAIN_MS)
    asked.signal?.throwIfAborted()
    return ask<T>(path, asked)
  }
  return (await answer.json()) as T
}

/** Puts a file's bytes; `tell` hears how many are there, which fetch does not say. */
export function send(path: string, file: Blob, signal: AbortSignal, tell: (done: number) => void): Promise<void> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest()
    request.open('PUT', new URL(`api/${path}`, document.baseURI))
    request.setRequestHeader('X-Toile-Token', token)
    request.upload.onprogress = (event) => tell(event.loaded)
    request.onload = () => {
      if (request.status < 300) return done()
      let said = `The server failed with ${request.status}.`
      try {
        said = JSON.parse(request.responseText).error ?? said
      } catch {
        // Then nothing more is known.
      }
      fail(new Refusal(said, request.status))
    }
    request.onerror = () => fail(new Refusal('The server does not answer.', 0))
    request.onabort = () => fail(new Refusal('Stopped.', 0))
    signal.onabort = () => request.abort()
    request.send(file)
  })
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
