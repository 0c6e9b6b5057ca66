/**
 * YAML that somebody else wrote: parsed in bounded time and memory, and with the places of everything in it.
 */
import { Composer, type CST, LineCounter, Parser } from 'yaml'
import { E, pipe } from '../fp.ts'
import { treeOf, type YamlItem, type YamlTree } from './yaml-tree.ts'

/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What is wrong with a text, and where. */
export interface YamlFault extends Place {
  /** A clause, such as `it is not valid YAML (…)`. */
  readonly reason: string
}

/** A text, read. */
export interface Yaml {
  /** Objects, arrays, texts, numbers, booleans and null; what aliases name is shared. */
  readonly value: unknown
  /**
   * Where something is said.
   *
   * @param way - keys and indices from the root; where it leads to nothing, what comes nearest is shown
   * @param part - a setting's key or its value; the value unless said
   */
  readonly placeOf: (way: ReadonlyArray<string | number>, part?: 'key' | 'value') => Place
}

/** How deep lists and settings may lie in each other, aliases followed. */
const DEEPEST = 64
/** How many values there may be, those behind an alias counted each time. */
const MOST_VALUES = 500_000

/**
 * The largest file of YAML, in bytes.
 *
 * @example
 * ```ts
 * expect(parseYaml(' '.repeat(LARGEST_YAML + 1))).toMatchObject(E.left({ line: 1, column: 1 }))
 * ```
 */
export const LARGEST_YAML: number = 256 * 1024

/** The offset of the first token that lies too deep. Not by recursion, which could not go that deep. */
const tooDeep = (tokens: readonly CST.Token[]): number | undefined => {
  const left = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { token, depth } = next
    if (depth > DEEPEST) return token.offset
    if (token.type === 'document' && token.value !== undefined) left.push({ token: token.value, depth })
    if ('items' in token)
      for (const { key, value } of token.items as ReadonlyArray<Partial<CST.CollectionItem>>)
        for (const inner of [key, value])
          if (inner !== null && inner !== undefined) left.push({ token: inner, depth: depth + 1 })
  }
  return undefined
}

/** Walks as far as there is something; the item that the whole way leads to, where it does. */
const follow = (
  tree: YamlTree,
  [first, ...rest]: ReadonlyArray<string | number>,
): { readonly nearest: YamlTree; readonly item?: YamlItem } => {
  const item = first === undefined ? undefined : tree.items.get(String(first))
  if (item === undefined) return { nearest: tree }
  return rest.length === 0 ? { nearest: item.tree, item } : follow(item.tree, rest)
}

/**
 * Parses YAML 1.2 with the types of its core schema.
 *
 * @remarks
 * Of YAML 1.1 there is the merge key besides: `<<: *base` takes in the settings of another set that are not said here.
 *
 * Refused are also two documents in one text, a key that is said twice or is no plain text, tags beyond the schema's, an
 * alias within what it names, and what would take too long: a text above 256 KB, values nested more than 64 levels deep,
 * aliases that stand for more than 500,000 values.
 *
 * @returns the value, null for an empty text; or the first thing that is wrong
 *
 * @example
 * ```ts
 * const yaml = parseYaml('steps: 50\nrule: { kind: ddim }')
 * expect(yaml).toMatchObject(E.right({ value: { steps: 50, rule: { kind: 'ddim' } } }))
 * expect(pipe(yaml, E.map(({ placeOf }) => placeOf(['rule', 'kind'])))).toEqual(E.right({ line: 2, column: 15 }))
 * expect(parseYaml('steps: 50\nsteps: 60')).toEqual(E.left({ line: 2, column: 1, reason: 'it says steps twice' }))
 * ```
 */
export const parseYaml = (text: string): E.Either<YamlFault, Yaml> => {
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const refuse = (offset: number, reason: string): E.Either<YamlFault, never> =>
    E.left({ ...placeAt(offset), reason })

  if (text.length > LARGEST_YAML)
    return refuse(0, `it is longer than the ${LARGEST_YAML / 1024} KB that are allowed`)
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const deep = tooDeep(tokens)
  if (deep !== undefined) return refuse(deep, `it is nested more than ${DEEPEST} levels deep`)

  // whether keys are said twice is seen in the tree: the composer would compare each with every other
  const composer = new Composer({
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
  })
  const [document, another] = composer.compose(tokens, true, text.length)
  const [error] = [...(document?.errors ?? []), ...(document?.warnings ?? [])]
  if (error !== undefined) return refuse(error.pos[0], `it is not valid YAML (${error.message})`)
  if (another !== undefined) return refuse(another.range[0], 'it has more than one document')
  return pipe(
    treeOf(document?.contents ?? null, { depth: DEEPEST, size: MOST_VALUES }),
    E.bimap(
      ({ offset, reason }) => ({ ...placeAt(offset), reason }),
      (tree) => ({
        value: tree.value,
        placeOf: (way, part = 'value') => {
          const { nearest, item } = follow(tree, way)
          return placeAt(part === 'key' && item !== undefined ? item.key : nearest.offset)
        },
      }),
    ),
  )
}
