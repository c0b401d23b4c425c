export type Packed = { num: number; channels: number; height: number; width: number; pixels: string }

/** The bytes of packed pictures (num, channels, height, width). */
export function unpack(packed: Packed): Uint8Array {
  return Uint8Array.from(atob(packed.pixels), (one) => one.charCodeAt(0))
}

/** The values of one pixel of picture `index`: one grey, or red, green and blue. */
export function pixel(packed: Packed, bytes: Uint8Array, index: number, row: number, column: number): number[] {
  const plane = packed.width * packed.height
  const at = index * packed.channels * plane + row * packed.width + column
  return Array.from({ length: packed.channels }, (_, channel) => bytes[at + channel * plane]!)
}

/** Draws picture `index` on a canvas, a pixel for a pixel. */
export function draw(canvas: HTMLCanvasElement, packed: Packed, bytes: Uint8Array, index: number): void {
  const { channels, height, width } = packed
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')!
  const shown = context.createImageData(width, height)
  const plane = width * height
  const from = index * channels * plane
  for (let at = 0; at < plane; at++) {
    for (let c = 0; c < 3; c++) shown.data[4 * at + c] = bytes[from + (channels === 3 ? c : 0) * plane + at]!
    shown.data[4 * at + 3] = 255
  }
  context.putImageData(shown, 0, 0)
}
