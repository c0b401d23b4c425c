import { expect, test } from 'vitest'
import { fewSteps, scoredOn } from './words'

test('pictures are said to be new to a run only where that is known', () => {
  expect(scoredOn('validation', 1200, 'photos', '')).toBe('validation: 1,200 pictures of photos that it was not trained on.')
  const seen = 'It was imported from a.keras: what it was trained on is not known.'
  expect(scoredOn('validation', 1200, 'photos', seen)).toBe('validation: 1,200 pictures of photos.')
})

test('it is the steps that are few, not the pictures', () => {
  expect(fewSteps(108, 512, 55_000)).toBe('108 steps in all, each of up to 512 of 55,000 pictures, are few to learn from')
  expect(fewSteps(1, 32, 20)).toBe('1 step in all, each of up to 32 of 20 pictures, are few to learn from')
})
