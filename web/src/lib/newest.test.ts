import { expect, test } from 'vitest'
import { newestOnly } from './newest'

test('an answer that comes after a newer question was asked counts no more', () => {
  const begin = newestOnly()
  const isFirst = begin()
  expect(isFirst()).toBe(true)
  const isSecond = begin()
  expect([isFirst(), isSecond()]).toEqual([false, true])
  expect(newestOnly()()()).toBe(true)
})
