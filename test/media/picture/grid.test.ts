import { describe, expect, it } from 'vitest'
import { columnsFor, grid } from '../../../src/media/picture/grid.ts'
import { expectGolden } from '../support/golden-picture.ts'
import { discs, images } from '../support/synthetic-images.ts'

describe('columnsFor', () => {
  it('stays near a square and leaves few cells empty', () => {
    expect([0, 1, 2, 3, 4, 5, 7, 9, 10, 12, 16, 20, 32, 64, 100].map(columnsFor)).toEqual([
      1, 1, 2, 3, 2, 3, 4, 3, 5, 4, 4, 5, 8, 8, 10,
    ])
  })
})

describe('grid', () => {
  it('looks as it did in greyscale, with captions and a title', () => {
    const captions = ['disc', 'ring', '#3', 'a caption that is far too long', 'T-shirt/top']
    expectGolden(grid({ captions, title: 'Discs and rings · η = 0.5' })(discs(5, 28, 1)), 'grid-grey')
  })

  it('looks as it did in colour, with alpha and a broken pixel, without captions', () => {
    const rgba = images([4, 16, 4], ({ row, x, y, c }) =>
      row === 2 && Math.sqrt(x * x + y * y) < 0.2
        ? NaN
        : ([x, y, -x, 1.5 - 2.5 * Math.sqrt(x * x + y * y)][c] ?? 0),
    )
    expectGolden(grid({ columns: 4 })(rgba), 'grid-alpha')
  })

  it('shows the bytes of the images, enlarged', () => {
    const { width, data } = grid({ scale: 2 })(images([1, 2, 1], ({ x, y }) => (x + y) / 2))
    const at = (x: number, y: number) => data[(24 + y) * width + 24 + x]
    expect([at(0, 0), at(1, 1), at(2, 0), at(3, 1), at(0, 3), at(3, 3)]).toEqual([0, 0, 128, 128, 128, 255])
  })

  it('makes its sheet as large as it has to be', () => {
    const size = (rows: number, columns: number) => {
      const { width, height } = grid({ columns, scale: 1 })(discs(rows, 10, 1))
      return [width, height]
    }
    expect(size(3, 3)).toEqual([24 + 3 * 10 + 2 * 16 + 24, 24 + 10 + 24])
    expect(size(3, 2)).toEqual([24 + 2 * 10 + 16 + 24, 24 + 2 * 10 + 16 + 24])
    expect(size(1, 8)).toEqual([24 + 10 + 24, 24 + 10 + 24])
  })

  it('does not change its input', () => {
    const batch = discs(2, 8, 3)
    const before = batch.data.slice()
    grid()(batch)
    expect(batch.data).toEqual(before)
  })
})
