import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { poll } from './poll'

let seen: () => void
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', {
    hidden: false,
    addEventListener: (_: string, listener: () => void) => (seen = listener),
    removeEventListener: () => undefined,
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a tab that is seen again while it looks goes on with one chain of looks', async () => {
  let answer = () => undefined as void
  let num = 0
  const end = poll(() => new Promise<void>((done) => ((answer = done), num++)), () => 1000)
  seen()
  expect(num).toBe(1)
  for (const looks of [2, 3, 4]) {
    answer()
    await vi.advanceTimersByTimeAsync(1000)
    expect(num).toBe(looks)
  }
  end()
})

test('a tab that is seen again between two looks looks at once', async () => {
  let num = 0
  const end = poll(async () => void num++, () => 1000)
  await vi.advanceTimersByTimeAsync(10)
  expect(num).toBe(1)
  seen()
  expect(num).toBe(2)
  end()
  await vi.advanceTimersByTimeAsync(5000)
  expect(num).toBe(2)
})
