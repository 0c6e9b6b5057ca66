import { describe, expect, it } from 'vitest'
import { readNumber, readOneOf, readPath, readWholes } from '../../src/cli/flags.ts'
import { quoted } from '../../src/quoted.ts'
import { E } from '../../src/fp.ts'

const refused = (reason: string) => E.left(expect.objectContaining({ _tag: 'Usage', reason }))

describe('readNumber', () => {
  const whole = readNumber('--n', { whole: true, least: 1, most: 9 })
  const real = readNumber('--x', { least: 0 })

  it.each([
    ['1', 1],
    ['9', 9],
    [' 3 ', 3],
    ['5e0', 5],
  ])('reads the whole number %j', (text, value) => {
    expect(whole(text)).toEqual(E.right(value))
  })

  it.each(['0', '10', '1.5', '-1', 'one', '3x', 'NaN', 'Infinity'])(
    'refuses %s for a whole number',
    (text) => {
      expect(whole(text)).toEqual(refused(`--n takes a whole number from 1 to 9, not ${text}`))
    },
  )

  it.each([
    ['0', 0],
    ['.5', 0.5],
    ['1e3', 1000],
  ])('reads the number %s', (text, value) => {
    expect(real(text)).toEqual(E.right(value))
  })

  it.each(['', ' ', '\t'])('refuses the blank %j, which JavaScript takes for 0', (text) => {
    expect(real(text)).toEqual(refused(`--x takes a number from 0 up, not ${JSON.stringify(text)}`))
  })

  it.each(['9007199254740993', '1e300'])('refuses %s, to which no float64 counts', (text) => {
    expect(E.isLeft(readNumber('--n', { whole: true, least: 0 })(text))).toBe(true)
  })
})

describe('readOneOf', () => {
  const read = readOneOf('--spacing', ['leading', 'trailing'])

  it('reads a word', () => {
    expect(read('leading')).toEqual(E.right('leading'))
  })

  it('names the nearest word, if one is near', () => {
    expect(read('Trailing')).toEqual(
      refused('--spacing takes one of leading, trailing, not Trailing; the nearest is trailing'),
    )
    expect(read('cosine')).toEqual(refused('--spacing takes one of leading, trailing, not cosine'))
  })
})

describe('readPath', () => {
  it('refuses no path at all', () => {
    expect(readPath('--model')('a b')).toEqual(E.right('a b'))
    expect(readPath('--model')('')).toEqual(refused('--model takes a path, not ""'))
  })
})

describe('readWholes', () => {
  const read = readWholes('--seeds', 8)

  it.each([
    ['5', [5]],
    ['1,4,9', [1, 4, 9]],
    ['0-3,8', [0, 1, 2, 3, 8]],
    ['3-3', [3]],
    [' 1 , 2-3 ', [1, 2, 3]],
    ['9,1,9', [9, 1, 9]],
    ['0-7', [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('reads %j', (text, wholes) => {
    expect(read(text)).toEqual(E.right(wholes))
  })

  it.each(['', ',', '1,,2', '-1', '1-', '1.5', 'a', '0x10', '1-2-3', '99999999999999999999'])(
    'refuses %j',
    (text) => {
      expect(read(text)).toEqual(
        refused(`--seeds takes whole numbers and ranges such as 0-63 or 1,4,9, not ${quoted(text)}`),
      )
    },
  )

  it('refuses a range that falls, and says how it would rise', () => {
    expect(read('0,5-1')).toEqual(refused('--seeds takes ranges that rise, such as 1-5, not 5-1'))
  })

  it.each(['0-8', '0-3,4-8', '0-9007199254740991'])('refuses %s at once, as too many', (text) => {
    expect(read(text)).toEqual(refused(`--seeds takes at most 8 numbers, and ${text} has more`))
  })
})

describe('quoted', () => {
  it.each([
    ['abc', 'abc'],
    ['ε-1', 'ε-1'],
    ['', '""'],
    ['a b', '"a b"'],
    ['a\nb', String.raw`"a\nb"`],
    ['"', String.raw`"\""`],
  ])('shows %j as %s', (text, shown) => {
    expect(quoted(text)).toBe(shown)
  })
})
