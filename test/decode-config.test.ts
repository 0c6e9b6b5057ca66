import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { listOf, numberIn, wholeFrom, words } from '../src/codecs.ts'
import { decodeConfig } from '../src/decode-config.ts'
import { E } from '../src/fp.ts'

const refusal = (
  codec: t.Decoder<unknown, unknown>,
  settings: unknown,
  closed?: readonly string[],
): string => {
  const decoded = decodeConfig('a.json', codec, closed === undefined ? {} : { closed })(settings)
  if (E.isRight(decoded)) throw new Error('the settings were not refused')
  expect(decoded.left).toMatchObject({ _tag: 'ConfigInvalid', path: 'a.json' })
  return decoded.left.reason
}

describe('decodeConfig', () => {
  it('says where in a list, a record or a union the first fault is', () => {
    const list = t.type({ names: listOf('names', words) })
    expect(refusal(list, { names: ['a', 1, 2] })).toBe('names[1] is 1, not text')
    expect(refusal(t.type({ outer: list }), { outer: { names: [''] } })).toBe(
      'outer.names[0] is "", not text',
    )
    const either = t.type({ steps: t.union([wholeFrom(1), listOf('times', numberIn(0))]) })
    expect(refusal(either, { steps: 'all' })).toBe(
      'steps is "all", not a whole number from 1 or a list of one or more times',
    )
    expect(refusal(either, { steps: [3, -1] })).toBe('steps[1] is -1, not a number from 0')
    const both = t.intersection([t.type({ a: words }), t.partial({ b: wholeFrom(0) })])
    expect(refusal(both, { a: 'x', b: -1 })).toBe('b is -1, not a whole number from 0')
  })

  it('speaks of one setting only, also where the name of another begins like it', () => {
    const codec = t.type({ sample: wholeFrom(1), sample_sizes: listOf('sizes', wholeFrom(1)) })
    expect(refusal(codec, { sample: 0, sample_sizes: [0] })).toBe('sample is 0, not a whole number from 1')
  })

  it.each([[1], null, 'text', undefined])('refuses %j, which has no settings', (settings) => {
    expect(refusal(t.UnknownRecord, settings)).toBe('it does not hold named settings')
  })

  it('refuses a key that is not among the known ones only where they are closed', () => {
    const codec = t.partial({ labels: words })
    expect(decodeConfig('a.json', codec)({ lables: 'x' })).toEqual(E.right({ lables: 'x' }))
    expect(refusal(codec, { lables: 'x' }, ['labels'])).toBe(
      'it has a setting lables, and only labels are known; the nearest is labels',
    )
  })
})
