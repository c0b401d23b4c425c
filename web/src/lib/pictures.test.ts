import { expect, test } from 'vitest'
import { pixel, unpack, type Packed } from './pictures'

const packed: Packed = { num: 2, channels: 3, height: 1, width: 2, pixels: btoa(String.fromCharCode(...Array(12).keys())) }

test('a pixel has the values of all channels, of the picture asked for', () => {
  const bytes = unpack(packed)
  expect(pixel(packed, bytes, 0, 0, 1)).toEqual([1, 3, 5])
  expect(pixel(packed, bytes, 1, 0, 0)).toEqual([6, 8, 10])
})
