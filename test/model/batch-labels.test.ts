import { describe, expect, it } from 'vitest'
import { batchLabels } from '../../src/model/batch-labels.ts'
import { E } from '../../src/fp.ts'

const clothes = { count: 4, names: ['shirt', 'bag', 'Boot'], unconditional: 3 }

describe('batchLabels', () => {
  it('gives every class but "none" where nobody asks', () => {
    expect(batchLabels(clothes, undefined, undefined)).toEqual(
      E.right({
        rows: 3,
        classes: [0, 1, 2],
        names: ['shirt', 'bag', 'Boot'],
        condition: { labels: [0, 1, 2] },
      }),
    )
  })

  it('gives the first 64 of very many classes, and names the first 40 of those it knows', () => {
    const thousand = { count: 1000 }
    expect(batchLabels(thousand, undefined)).toMatchObject(E.right({ rows: 64 }))
    expect(batchLabels(thousand, ['999'], 1)).toMatchObject(E.right({ classes: [999] }))
    expect(batchLabels(thousand, ['1000'], 1)).toMatchObject(
      E.left({ message: expect.stringMatching(/^The model .* 38, 39 and 960 more\.$/) as string }),
    )
  })

  it('repeats them over a larger batch, and cuts them for a smaller one', () => {
    expect(batchLabels(clothes, undefined, 5)).toMatchObject(E.right({ rows: 5, classes: [0, 1, 2, 0, 1] }))
    expect(batchLabels(clothes, ['bag', 'shirt'], 3)).toMatchObject(E.right({ rows: 3, classes: [1, 0, 1] }))
    expect(batchLabels(clothes, ['bag', 'shirt'], [5, 2])).toMatchObject(
      E.right({ rows: 2, classes: [0, 1] }),
    )
    expect(batchLabels(undefined, undefined, [5, 2])).toMatchObject(E.right({ rows: 2 }))
    expect(batchLabels(clothes, ['bag', 'shirt'], 1)).toMatchObject(E.right({ rows: 1, classes: [1] }))
  })

  it('takes names in any case, and numbers, "none" among them', () => {
    expect(batchLabels(clothes, ['BAG', 'boot', '0', '3'], undefined)).toMatchObject(
      E.right({ rows: 4, classes: [1, 2, 0, 3], names: ['bag', 'Boot', 'shirt', 'none'] }),
    )
  })

  it('takes "none" for the class that stands for no label, alone and among others', () => {
    const nameless = { count: 4, names: ['shirt', 'bag', 'boot'], unconditional: 3 }
    expect(batchLabels(nameless, ['none'], undefined)).toMatchObject(
      E.right({ rows: 1, classes: [3], names: ['none'] }),
    )
    expect(batchLabels(nameless, ['bag', 'None'], 3)).toMatchObject(
      E.right({ rows: 3, classes: [1, 3, 1], names: ['bag', 'none', 'bag'] }),
    )
    expect(batchLabels({ count: 4, unconditional: 0 }, ['none'], 1)).toMatchObject(E.right({ classes: [0] }))
    expect(batchLabels(nameless, ['nome'], 1)).toMatchObject(E.left({ nearest: 'none' }))
  })

  it('lets a class have the name "none", and knows no "none" where no class stands for it', () => {
    const named = { count: 2, names: ['none', 'all'], unconditional: 1 }
    expect(batchLabels(named, ['none'], 1)).toMatchObject(E.right({ classes: [0] }))
    expect(batchLabels({ count: 2 }, ['none'], 1)).toMatchObject(E.left({ _tag: 'LabelUnknown' }))
  })

  it('calls classes without names by their numbers', () => {
    expect(batchLabels({ count: 3 }, undefined, undefined)).toMatchObject(
      E.right({ rows: 3, classes: [0, 1, 2], names: ['0', '1', '2'] }),
    )
  })

  it('prefers a name that looks like a number', () => {
    expect(batchLabels({ count: 2, names: ['1', '0'] }, ['1'], undefined)).toMatchObject(
      E.right({ classes: [0] }),
    )
  })

  it.each(['4', '-1', '1.0', '1e0', '', 'hat'])('refuses %j and lists what there is', (label) => {
    expect(batchLabels(clothes, ['bag', label], undefined)).toMatchObject(
      E.left({ _tag: 'LabelUnknown', known: ['0 (shirt)', '1 (bag)', '2 (Boot)', '3 (none)'] }),
    )
  })

  it('names the nearest label', () => {
    expect(batchLabels(clothes, ['shrit'], undefined)).toMatchObject(
      E.left({
        message:
          'The model has no label shrit; it knows 0 (shirt), 1 (bag), 2 (Boot), 3 (none), and the nearest is shirt.',
      }),
    )
  })

  it('gives an unconditional model no labels, and sixteen rows', () => {
    expect(batchLabels(undefined, undefined, undefined)).toEqual(
      E.right({ rows: 16, classes: undefined, names: undefined, condition: {} }),
    )
    expect(batchLabels(undefined, undefined, 2)).toMatchObject(E.right({ rows: 2 }))
    expect(batchLabels(undefined, ['bag'], 2)).toMatchObject(E.left({ _tag: 'LabelsUnexpected' }))
  })
})
