import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { poll, whenSeen } from './poll'

let page: EventTarget & { hidden: boolean }
const seen = () => page.dispatchEvent(new Event('visibilitychange'))
const hide = (hidden: boolean) => {
  page.hidden = hidden
  seen()
}
beforeEach(() => {
  vi.useFakeTimers()
  page = Object.assign(new EventTarget(), { hidden: false })
  vi.stubGlobal('document', page)
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

test('a tab that is hidden while it looks ends that look and begins no other', async () => {
  let answer = () => undefined as void
  let num = 0
  const end = poll(() => new Promise<void>((done) => ((answer = done), num++)), () => 1000)
  hide(true)
  answer()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(num).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
  hide(false)
  expect(num).toBe(2)
  end()
})

test('a tab that is opened in the background looks when it is seen', async () => {
  page.hidden = true
  let num = 0
  const end = poll(async () => void num++, () => 1000)
  let wasSeen = false
  void whenSeen().then(() => (wasSeen = true))
  await vi.advanceTimersByTimeAsync(60_000)
  expect([num, wasSeen]).toEqual([0, false])
  hide(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect([num, wasSeen]).toEqual([2, true])
  end()
})
