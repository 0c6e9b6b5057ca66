import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reach, toByte, toPictures } from '../../../src/media/picture/picture.ts'

const values = (shape: readonly number[], data: readonly number[]) => ({
  shape,
  data: new Float32Array(data),
})

describe('toByte', () => {
  it('gives the bytes that numpy and torch gave for the same numbers', () => {
    // (torch.tensor(x) / 2 + 0.5).clamp(0, 1), then (255 * x).round().astype(uint8) in numpy
    const pairs: ReadonlyArray<readonly [number, number]> = [
      [-Infinity, 0],
      [-1.5, 0],
      [-1, 0],
      [-0.9960784, 1],
      [-0.9882353, 1],
      [-0.98823524, 2],
      [-0.5, 64],
      [0, 128],
      [0.0078431, 128],
      [0.5, 191],
      [0.9960784, 254],
      [1, 255],
      [3, 255],
    ]
    expect(pairs.map(([x]) => toByte(Math.fround(x)))).toEqual(pairs.map(([, byte]) => byte))
  })

  it('inverts the map from bytes to [−1, 1]', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte)
    expect(bytes.map((byte) => toByte(Math.fround(byte / 127.5 - 1)))).toEqual(bytes)
  })

  it('never decreases', () => {
    const number = fc.float({ noNaN: true })
    fc.assert(
      fc.property(number, number, (x, y) => {
        expect(toByte(Math.min(x, y))).toBeLessThanOrEqual(toByte(Math.max(x, y)))
      }),
    )
  })
})

describe('reach', () => {
  it('falls from 2 for noise to exactly 1 for the clean image', () => {
    expect([0, 0.25, 0.5, 0.75, 1].map(reach)).toEqual([
      2,
      Math.sqrt(3.25),
      Math.sqrt(2.5),
      Math.sqrt(1.75),
      1,
    ])
  })
})

describe('toPictures', () => {
  it('cuts the batch into rows', () => {
    expect(toPictures(values([2, 1, 2, 1], [-1, 0, 0.5, 1])).map((picture) => [...picture.data])).toEqual([
      [0, 128],
      [191, 255],
    ])
  })

  it.each([
    { channels: 1, shown: [0] },
    { channels: 2, shown: [0] },
    { channels: 3, shown: [0, 51, 102] },
    { channels: 4, shown: [0, 51, 102, 153] },
    { channels: 6, shown: [0, 51, 102] },
  ])('shows the channels $shown of a pixel with $channels', ({ channels, shown }) => {
    const pixel = Array.from({ length: channels }, (_, c) => (51 * c) / 127.5 - 1)
    const [picture] = toPictures(values([1, 1, 1, channels], pixel))
    expect([...(picture?.data ?? [])]).toEqual(shown)
    expect(picture?.channels).toBe(shown.length)
  })

  it('divides first', () => {
    expect([...(toPictures(values([1, 1, 2, 1], [-2, 1]), 2)[0]?.data ?? [])]).toEqual([0, 191])
  })

  it('shows what is not a finite number in magenta, in greyscale and in colour', () => {
    for (const broken of [NaN, Infinity, -Infinity]) {
      const [grey, sound] = toPictures(values([2, 1, 2, 1], [broken, 0, 0, 0]))
      expect([grey?.channels, ...(grey?.data ?? [])]).toEqual([3, 255, 0, 255, 128, 128, 128])
      expect(sound?.channels).toBe(1)
      const [colour] = toPictures(values([1, 1, 2, 3], [0, broken, 0, 0, 0, 0]))
      expect([...(colour?.data ?? [])]).toEqual([255, 0, 255, 128, 128, 128])
    }
  })

  it('passes over a broken channel that is not shown', () => {
    expect([...(toPictures(values([1, 1, 1, 5], [-1, 0, 1, NaN, NaN]))[0]?.data ?? [])]).toEqual([
      0, 128, 255,
    ])
  })

  it('refuses what has not four axes', () => {
    expect(() => toPictures(values([3], [1, 2, 3]))).toThrow(
      'Images are [rows, height, width, channels]; this is [3].',
    )
  })
})
