import { expect, test } from 'vitest'
import { currentTraining, fewSteps, fileName, hasEnded, scoredOn, shownStatus, whyAbsent, withoutUploads } from './words'

test('where our copy of a file lies is left out of what is said of it', () => {
  expect(withoutUploads('/home/me/runs/.data/upload-7088262cd100ccae/my photos.zip: is no zip')).toBe('my photos.zip: is no zip')
  expect(withoutUploads('/home/me/photos.zip: is no zip')).toBe('/home/me/photos.zip: is no zip')
})

test('pictures are said to be new to a run only where that is known', () => {
  expect(scoredOn('validation', 1200, 'photos', '')).toBe('validation: 1,200 pictures of photos that it was not trained on.')
  const seen = 'It was imported from a.keras: what it was trained on is not known.'
  expect(scoredOn('validation', 1200, 'photos', seen)).toBe('validation: 1,200 pictures of photos.')
})

test('a training comes to the mean of its last epoch, as in the report, once one has ended', () => {
  const steps = [{ loss: 2.1, accuracy: 0.3 }, { loss: 0.668, accuracy: 0.766 }]
  expect(currentTraining([], [])).toBeUndefined()
  expect(currentTraining(steps, [])).toEqual({ loss: 0.668, accuracy: 0.766 })
  const epoch = { training: { loss: 0.752, accuracy: 0.716 } }
  expect(currentTraining(steps, [epoch])).toEqual({ loss: 0.752, accuracy: 0.716 })
})

test('it is the steps that are few, not the pictures', () => {
  expect(fewSteps(108, 512, 55_000)).toBe('108 steps in all, each of up to 512 of 55,000 pictures, are few to learn from')
  expect(fewSteps(1, 32, 20)).toBe('1 step in all, each of up to 32 of 20 pictures, are few to learn from')
})

test('a training prepares until its run comes further, and then stops where it was asked to', () => {
  const job = { status: 'training', started: 100, stopping: false }
  expect(shownStatus(null, { ...job, status: 'waiting' })).toBe('waiting')
  expect(shownStatus(null, job)).toBe('queued')
  // A run that goes on is for a while as it was.
  expect(shownStatus({ status: 'stopped', changed: 50 }, job)).toBe('queued')
  expect(shownStatus({ status: 'queued', changed: 101 }, job)).toBe('queued')
  expect(shownStatus({ status: 'running', changed: 102 }, job)).toBe('running')
  expect(shownStatus({ status: 'running', changed: 102 }, { ...job, stopping: true })).toBe('stopping')
  expect(shownStatus(null, { ...job, stopping: true })).toBe('stopping')
  expect(shownStatus({ status: 'stopped', changed: 103 }, undefined)).toBe('stopped')
  expect(shownStatus(null, { ...job, status: 'failed' })).toBe('failed')
})

test('a training has ended as soon as its run has, while its process still writes the page', () => {
  const job = { status: 'training', started: 100, stopping: false }
  const finished = { status: 'finished', changed: 103 }
  expect(shownStatus(finished, job)).toBe('finished')
  expect(hasEnded(finished, job)).toBe(true)
  expect(shownStatus({ status: 'stopped', changed: 103 }, { ...job, stopping: true })).toBe('stopped')
  expect(hasEnded({ status: 'finished', changed: 99 }, job)).toBe(false)
  expect(hasEnded({ status: 'running', changed: 103 }, job)).toBe(false)
  expect(hasEnded(finished, undefined)).toBe(false)
})

test('a training that was stopped before its first step was not deleted', () => {
  expect(whyAbsent('first', true)[0]).toBe('Stopped before it began')
  expect(whyAbsent('first', false)[1]).toContain('it may have been deleted')
})

test('a file keeps its name and its ending in plain letters', () => {
  expect(fileName('My net (2).onnx')).toBe('My net (2).onnx')
  expect(fileName('Modèle № 5/é.keras')).toBe('Modele No 5-e.keras')
  expect(fileName('../.hidden.h5')).toBe('hidden.h5')
  expect(fileName(`${'a'.repeat(200)}.h5`)).toBe(`${'a'.repeat(117)}.h5`)
})
