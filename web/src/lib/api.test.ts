import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('what is still being read is asked for again once a hidden tab is seen', async () => {
  vi.useFakeTimers()
  const page = Object.assign(new EventTarget(), { hidden: false, baseURI: 'http://here/' })
  const fetched = vi.fn<() => Promise<Response>>()
  vi.stubGlobal('document', page)
  vi.stubGlobal('location', { hash: '' })
  vi.stubGlobal('sessionStorage', { getItem: () => 'token' })
  vi.stubGlobal('fetch', fetched)
  const { ask } = await import('./api.svelte')

  fetched.mockResolvedValueOnce(new Response('{"status": "working"}', { status: 202 }))
  fetched.mockResolvedValueOnce(new Response('["pictures"]'))
  const answer = ask('data/mine/pictures')
  page.hidden = true
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fetched).toHaveBeenCalledTimes(1)
  page.hidden = false
  page.dispatchEvent(new Event('visibilitychange'))
  expect(await answer).toEqual(['pictures'])
})
