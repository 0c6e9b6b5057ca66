/** Images that need no data set. */
import type { Values } from '../../../src/algebra/algebra.ts'

/** Fills `[rows, size, size, channels]` from a function of where a number stands; x and y run from −1 to 1. */
export const images = (
  [rows, size, channels]: readonly [rows: number, size: number, channels: number],
  value: (at: { row: number; x: number; y: number; c: number }) => number,
): Values => {
  const shape = [rows, size, size, channels]
  const data = Float32Array.from({ length: rows * size * size * channels }, (_, i) => {
    const pixel = Math.floor(i / channels)
    const along = (cell: number): number => (2 * cell) / Math.max(1, size - 1) - 1
    return value({
      row: Math.floor(pixel / (size * size)),
      x: along(pixel % size),
      y: along(Math.floor(pixel / size) % size),
      c: i % channels,
    })
  })
  return { shape, data }
}

/** Discs and rings, soft at the edge, one kind per row. */
export const discs = (rows: number, size: number, channels: number): Values =>
  images([rows, size, channels], ({ row, x, y, c }) => {
    const radius = Math.sqrt(x * x + y * y)
    const shape = row % 2 === 0 ? 0.75 - radius : 0.25 - Math.abs(0.6 - radius)
    const light = channels === 1 ? 1 : [1, 0.2 + 0.2 * (row % 4), -0.4][c % 3]
    return Math.max(-1, Math.min(1, 6 * shape)) * (light ?? 1)
  })

/** Noise that is the same in every process: a hash of the index, roughly normal. */
export const noise = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => {
    const uniform = (k: number): number => {
      const x = Math.imul(4 * i + k + 1, 0x9e3779b1)
      const y = Math.imul(x ^ (x >>> 15), 0x85ebca6b)
      const z = Math.imul(y ^ (y >>> 13), 0xc2b2ae35)
      return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32
    }
    return (uniform(0) + uniform(1) + uniform(2) + uniform(3) - 2) * Math.sqrt(3)
  })
