import { expect, test } from 'vitest'
import { parse, read, write, type Entry } from './layers'

const setting = { default: '2', rule: '', meaning: '', choices: [] }
const kinds = [{ kind: 'maxpool', meaning: '', shorthand: 'size', settings: [{ ...setting, name: 'size' }] }]

test('a layer is read and written without loss', () => {
  const whole: Entry[] = ['relu', { maxpool: { size: 3 } }, { conv: { filters: 32, padding: 'same' } }]
  expect(whole.map((entry) => write(read(entry, kinds)))).toEqual(whole)
})

test('a bare value fills the first field of its kind', () => {
  expect(read({ maxpool: 3 }, kinds)).toEqual({ kind: 'maxpool', fields: { size: 3 } })
  expect(read({ maxpool: null } as unknown as Entry, kinds)).toEqual({ kind: 'maxpool', fields: {} })
})

test('numbers and truth values are told from words', () => {
  expect(['3', '0.5', '1e-3', 'true', 'same', 'off'].map(parse)).toEqual([3, 0.5, 0.001, true, 'same', 'off'])
})
