import { describe, expect, it } from 'vitest'
import { blank, fill, mount, place, scaleTo, tones } from '../../../src/media/picture/canvas.ts'
import type { Picture } from '../../../src/media/picture/picture.ts'

const grey: Picture = { width: 2, height: 1, channels: 1, data: new Uint8Array([10, 20]) }
const rgb: Picture = { width: 1, height: 1, channels: 3, data: new Uint8Array([1, 2, 3]) }
const origin = { x: 0, y: 0 }

describe('blank', () => {
  it('is greyscale as long as all pictures are', () => {
    expect(blank(1, 1, [grey]).channels).toBe(1)
    expect(blank(1, 1, [grey, rgb]).channels).toBe(3)
  })
})

describe('place', () => {
  it('repeats every pixel scale times in both directions', () => {
    const canvas = blank(4, 2, [grey])
    place(canvas, grey, origin, 2)
    expect([...canvas.data]).toEqual([10, 10, 20, 20, 10, 10, 20, 20])
  })

  it('shows grey on a sheet in colour', () => {
    const canvas = blank(2, 1, [rgb])
    place(canvas, grey, origin, 1)
    expect([...canvas.data]).toEqual([10, 10, 10, 20, 20, 20])
  })

  it('lets the paper through where alpha does', () => {
    const rgba: Picture = {
      width: 2,
      height: 1,
      channels: 4,
      data: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 255]),
    }
    const canvas = blank(2, 1, [rgba])
    place(canvas, rgba, origin, 1)
    expect([...canvas.data]).toEqual([250, 250, 250, 0, 0, 0])
  })

  it('drops what lies off the sheet', () => {
    const canvas = blank(1, 1, [grey])
    place(canvas, grey, { x: -1, y: 0 }, 1)
    expect([...canvas.data]).toEqual([20])
  })
})

describe('fill', () => {
  it('fills a rectangle and drops what lies off the sheet', () => {
    const canvas = blank(3, 2, [])
    fill(canvas, { x: 1, y: -4 }, { width: 9, height: 5 }, 7)
    expect([...canvas.data]).toEqual([tones.paper, 7, 7, tones.paper, tones.paper, tones.paper])
  })
})

describe('mount', () => {
  it('draws a hairline around the picture', () => {
    const canvas = blank(4, 3, [grey])
    mount(canvas, grey, { x: 1, y: 1 }, 1)
    const line = tones.hairline
    expect([...canvas.data]).toEqual([line, line, line, line, line, 10, 20, line, line, line, line, line])
  })
})

describe('scaleTo', () => {
  it('never shrinks', () => {
    const square = (size: number) => ({ width: size, height: size })
    expect([28, 32, 64, 256, 512].map((size) => scaleTo(112, square(size)))).toEqual([4, 4, 2, 1, 1])
  })
})
