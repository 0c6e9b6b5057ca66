import { describe, expect, it } from 'vitest'
import { LARGEST_YAML, parseYaml } from '../../src/checkpoint/yaml.ts'
import { E } from '../../src/fp.ts'
import { orThrow } from '../../src/or-throw.ts'

const read = (text: string): ReturnType<typeof parseYaml> => parseYaml(text)

const valueOf = (text: string): unknown => {
  const yaml = read(text)
  if (E.isLeft(yaml)) throw new Error(yaml.left.reason)
  return yaml.right.value
}

describe('parseYaml', () => {
  it.each<readonly [string, unknown]>([
    ['', null],
    ['# nothing\n', null],
    ['a: 1\nb: [yes, 1e3, .inf, ~, "2", 0x10]', { a: 1, b: ['yes', 1000, Infinity, null, '2', 16] }],
    ['{ a, b: , 1: c }', { a: null, b: null, 1: 'c' }],
    ['- &x { a: 1 }\n- *x\n- &x 2\n- *x', [{ a: 1 }, { a: 1 }, 2, 2]],
    [
      '- &x { a: 1, b: 2 }\n- { b: 3, <<: *x }\n- *x',
      [
        { a: 1, b: 2 },
        { a: 1, b: 3 },
        { a: 1, b: 2 },
      ],
    ],
    [
      '- &x { a: 1 }\n- &y { a: 2, b: 3, <<: *x }\n- <<: [*x, *y]',
      [{ a: 1 }, { a: 2, b: 3 }, { a: 1, b: 3 }],
    ],
    ['"<<": { a: 1 }', { '<<': { a: 1 } }],
    ['a: !!str 1', { a: '1' }],
    ['%YAML 1.1\n---\na: yes\nb: 010', { a: 'yes', b: 10 }],
    ['\ufeffa: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
  ])('reads %j', (text, value) => {
    expect(valueOf(text)).toEqual(value)
  })

  it('takes __proto__ for a name like any other', () => {
    const value = valueOf('__proto__: { polluted: true }') as object
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect('polluted' in value).toBe(false)
  })

  it.each([
    ['a: 1\nb: 2\na: 3', 3, 1, 'it says a twice'],
    ['x: { a: 1,\n  "a": 3 }', 2, 3, 'it says a twice'],
    ['a: [1', 1, 6, 'it is not valid YAML (Flow sequence in block collection must be sufficiently'],
    ['a: b: c', 1, 4, 'it is not valid YAML (Nested mappings are not allowed'],
    ['a: 1\n\tb: 2', 2, 1, 'it is not valid YAML (Tabs are not allowed as indentation)'],
    ['a: 1\nb: !shell ls', 2, 4, 'it is not valid YAML (Unresolved tag: !shell)'],
    ['a: !!binary eA==', 1, 4, 'it is not valid YAML (Unresolved tag: tag:yaml.org,2002:binary)'],
    ['? [a]\n: 1', 1, 3, 'it is not valid YAML (With stringKeys, all keys must be strings)'],
    ['a: 1\n---\nb: 2', 2, 1, 'it has more than one document'],
    ['a: *b\nb: &b 1', 1, 4, 'the alias *b names nothing that is whole before it'],
    ['a: &a 1\n<<: *a', 2, 1, '<< takes settings that are named elsewhere'],
    ['a: &a { b: 1 }\nc: { <<: *a, <<: *a }', 2, 14, 'comes once'],
    ['a: &a { b: 1, <<: *a }', 1, 19, 'the alias *a names nothing that is whole before it'],
    ['a: &a [1, *a]', 1, 11, 'the alias *a names nothing that is whole before it'],
  ])('refuses %j', (text, line, column, reason) => {
    expect(read(text)).toMatchObject(
      E.left({ line, column, reason: expect.stringContaining(reason) as string }),
    )
  })

  it('knows where keys and values stand, or what comes nearest', () => {
    const { placeOf } = orThrow(
      E.mapLeft(({ reason }: { reason: string }) => new Error(reason) as never)(
        read('version: 1\nsteps: &s\n  kind: trailing\nsampler:\n  - { rule: ddim }\n  - *s\n'),
      ),
    )
    expect(placeOf([])).toEqual({ line: 1, column: 1 })
    expect(placeOf(['steps', 'kind'])).toEqual({ line: 3, column: 9 })
    expect(placeOf(['steps', 'kind'], 'key')).toEqual({ line: 3, column: 3 })
    expect(placeOf(['sampler', 0, 'rule'])).toEqual({ line: 5, column: 13 })
    expect(placeOf(['sampler', '0', 'eta'])).toEqual({ line: 5, column: 5 })
    expect(placeOf(['sampler', '0', 'eta'], 'key')).toEqual({ line: 5, column: 5 })
    // what an alias stands for is said where it is named
    expect(placeOf(['sampler', 1, 'kind'])).toEqual({ line: 3, column: 9 })
    const merging = parseYaml('- &a { eta: 1 }\n- { <<: *a, kind: ddim }')
    expect(E.isRight(merging) && merging.right.placeOf([1, 'eta'])).toEqual({ line: 1, column: 13 })
  })
})

describe('what would take too long or too much', () => {
  const bomb = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]']
    .concat(
      Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
    )
    .join('\n')
  const chain = ['a0: &a0 [1]']
    .concat(Array.from({ length: 500 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`))
    .join('\n')
  const fill = (text: string): string => text.repeat(Math.floor(LARGEST_YAML / text.length))

  it.each([
    ['a bomb of aliases', bomb, 'its aliases stand for more than 500000 values'],
    [
      'a bomb of merge keys',
      `- &a {${Array.from({ length: 9000 }, (_, i) => `k${i}`).join(',')}}\n${'- { <<: *a }\n'.repeat(9000)}`,
      'its merge keys stand for more than 500000 values',
    ],
    ['a chain of aliases', chain, 'it is nested more than 64 levels deep'],
    ['brackets', fill('['), 'it is nested more than 64 levels deep'],
    ['braces', fill('{a: '), 'it is nested more than 64 levels deep'],
    ['dashes', fill('- '), 'it is nested more than 64 levels deep'],
    ['keys that are keys', fill('? '), 'it is nested more than 64 levels deep'],
    ['a long text', ' '.repeat(LARGEST_YAML + 1), 'it is longer than the 256 KB that are allowed'],
  ])('refuses %s', (_, text, reason) => {
    expect(read(text)).toMatchObject(E.left({ reason }))
  })

  // a comparison of each with every other would be 10⁹
  it('reads tens of thousands of keys, and as many aliases', () => {
    const keys = Array.from({ length: 30_000 }, (_, i) => `k${i}`)
    expect(Object.keys(valueOf(`{${keys.join(',')}}`) as object)).toEqual(keys)
    expect(valueOf(`[&a 1,${'*a,'.repeat(80_000)}]`)).toHaveLength(80_001)
  })
})
