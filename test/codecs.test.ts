import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { extent, listOf, nullOr, numberIn, oneOf, wholeFrom, words, yesOrNo } from '../src/codecs.ts'
import { decodeConfig } from '../src/decode-config.ts'
import { E } from '../src/fp.ts'

describe('the vocabulary', () => {
  it.each<readonly [t.Mixed, readonly unknown[]]>([
    [oneOf('a', 'b'), ['a', 'b']],
    [oneOf(0, 1), [0, 1]],
    [numberIn(), [-1e9, 0, 0.5]],
    [numberIn(0, 1), [0, 0.5, 1]],
    [wholeFrom(0), [0, 2 ** 53 - 1]],
    [yesOrNo, [true, false]],
    [words, ['a']],
    [extent, [[28, 1]]],
    [nullOr(wholeFrom(1)), [null, 1]],
    [listOf('names', words), [['a'], ['a', 'b']]],
  ])('takes what $name says', (codec, values) => {
    for (const value of values) {
      expect(codec.is(value)).toBe(true)
      expect(codec.decode(value)).toEqual(E.right(value))
      expect(codec.encode(value)).toEqual(value)
    }
  })

  it.each<readonly [unknown, t.Mixed, string]>([
    ['con', oneOf('conv', 'resnet'), '"con", not one of conv, resnet; the nearest is conv'],
    ['pooling', oneOf('conv', 'resnet'), '"pooling", not one of conv, resnet'],
    [undefined, oneOf('conv'), 'missing, not conv'],
    ['0', oneOf(0, 1), '"0", not one of 0, 1; the nearest is 0'],
    [Infinity, numberIn(), 'null, not a number'],
    [-1, numberIn(0), '-1, not a number from 0'],
    [2, numberIn(undefined, 1), '2, not a number to 1'],
    ['0.5', numberIn(0, 1), '"0.5", not a number from 0 to 1'],
    [0, wholeFrom(1), '0, not a whole number from 1'],
    [1.5, wholeFrom(1), '1.5, not a whole number from 1'],
    [2 ** 53, wholeFrom(0), '9007199254740992, not a whole number from 0'],
    [1, yesOrNo, '1, not true or false'],
    ['', words, '"", not text'],
    [[28], extent, '[28], not a height and width in pixels'],
    [[28, 0], extent, '[28,0], not a height and width in pixels'],
    ['con', nullOr(oneOf('conv', 'resnet')), '"con", not one of conv, resnet or null; the nearest is conv'],
    [[], listOf('names', words), '[], not a list of one or more names'],
    ['cat', listOf('names', words), '"cat", not a list of one or more names'],
  ])('refuses %j, which is not $1.name', (value, codec, reason) => {
    expect(codec.is(value)).toBe(false)
    expect(decodeConfig('a.json', t.type({ key: codec }))({ key: value })).toMatchObject(
      E.left({ _tag: 'ConfigInvalid', reason: `key is ${reason}` }),
    )
  })
})
