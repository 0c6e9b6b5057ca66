import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evenSteps, filmStrip, type FilmColumn } from '../../../src/media/picture/film-strip.ts'
import { toPictures } from '../../../src/media/picture/picture.ts'
import { expectGolden } from '../support/golden-picture.ts'
import { discs, noise } from '../support/synthetic-images.ts'

const chain = (channels: number): readonly FilmColumn[] => {
  const x0 = discs(2, 28, channels)
  const eps = noise(x0.data.length)
  return [0, 0.1, 0.4, 0.8, 1].map((alphaBar, i) => ({
    title: [`step ${String(10 * i)}`, alphaBar === 1 ? 'clean' : `t ${String(999 - 250 * i)}`],
    alphaBar,
    xt: {
      shape: x0.shape,
      data: x0.data.map((x, k) => Math.sqrt(alphaBar) * x + Math.sqrt(1 - alphaBar) * (eps[k] ?? 0)),
    },
    ...(i === 0 ? {} : { x0: { shape: x0.shape, data: x0.data.map((x) => Math.sqrt(alphaBar) * x) } }),
  }))
}

describe('evenSteps', () => {
  it('has the first and the last, ascends, and is as even as whole numbers allow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 2, max: 30 }), (count, wanted) => {
        const steps = evenSteps(count, wanted)
        const gaps = steps.slice(1).map((step, i) => step - (steps[i] ?? 0))
        expect([steps[0], steps.at(-1), steps.length]).toEqual([0, count - 1, Math.min(count, wanted)])
        expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('takes the last step where there is room for one', () => {
    expect(evenSteps(50, 1)).toEqual([49])
    expect(evenSteps(0, 3)).toEqual([])
  })
})

describe('filmStrip', () => {
  it('looks as it did in greyscale, with captions and a title', () => {
    expectGolden(filmStrip({ captions: ['Disc', 'Ring'], title: 'From noise' })(chain(1)), 'film-strip-grey')
  })

  it('looks as it did in colour, without captions', () => {
    expectGolden(filmStrip()(chain(3)), 'film-strip-colour')
  })

  it('ends on the same bytes for x_t and x₀', () => {
    const last = chain(1).at(-1)
    const { width, height, data } = filmStrip({ scale: 1 })(last === undefined ? [] : [last])
    const [picture] = last?.xt === undefined ? [] : toPictures(last.xt)
    const rows = (bytes: Uint8Array, length: number) =>
      Array.from({ length: bytes.length / length }, (_, y) =>
        bytes.subarray(y * length, (y + 1) * length).join(),
      )
    const wanted = rows(picture?.data ?? new Uint8Array(), 28)
    const found = rows(data, width)
    const shows = (y: number): boolean => wanted.every((row, i) => found[y + i]?.includes(row) === true)
    const tops = Array.from({ length: height }, (_, y) => y).filter(shows)
    expect(tops.map((y) => y - (tops[0] ?? 0))).toEqual([0, 28 + 6])
  })

  it('is a sheet of paper where there is nothing to show', () => {
    expect(new Set(filmStrip()([]).data)).toEqual(new Set([250]))
  })
})
