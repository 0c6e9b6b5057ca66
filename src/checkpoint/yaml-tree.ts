/**
 * A document of YAML as values with their places. Every node is looked at once, whatever aliases make of it.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, Scalar } from 'yaml'
import { E, pipe } from '../fp.ts'
import { isRecord } from '../json.ts'

/** A value, where it is said, and what it is made of. */
export interface YamlTree {
  readonly value: unknown
  /** Where it begins in the text. */
  readonly offset: number
  /** Its items, by key or index. */
  readonly items: ReadonlyMap<string, YamlItem>
  /** How many levels lie below it. */
  readonly depth: number
  /** How many values it is, itself and those behind aliases counted. */
  readonly size: number
}

/** An item of a list or of a set of settings. */
export interface YamlItem {
  /** Where its key begins in the text, or, in a list, itself. */
  readonly key: number
  readonly tree: YamlTree
}

/** What is wrong, and where in the text. */
export interface TreeFault {
  readonly offset: number
  readonly reason: string
}

type Checked<A> = E.Either<TreeFault, A>

const refuse = (offset: number, reason: string): Checked<never> => E.left({ offset, reason })

const leaf = (value: unknown, offset: number): YamlTree => ({
  value,
  offset,
  items: new Map(),
  depth: 0,
  size: 1,
})

const offsetOf = ({ range }: Node): number => range?.[0] ?? 0

/**
 * The values of a document.
 *
 * @param root - nothing for an empty document
 * @param most - how deep it may be and how many values it may have, aliases followed
 * @returns the tree; or what is wrong: too deep, too many, a key twice, an alias of nothing or of what it is in, or a merge
 *   key of what are no settings
 *
 * @example
 * ```ts
 * import { parseDocument } from 'yaml'
 * const { contents } = parseDocument('[&a [1, 1, 1], &b [*a, *a, *a], [*b, *b, *b]]')
 * expect(treeOf(contents, { depth: 9, size: 99 })).toMatchObject(E.right({ size: 58, depth: 4 }))
 * expect(treeOf(contents, { depth: 9, size: 50 })).toMatchObject(
 *   E.left({ reason: 'its aliases stand for more than 50 values' }),
 * )
 * ```
 */
export const treeOf = (
  root: Node | null,
  most: { readonly depth: number; readonly size: number },
): Checked<YamlTree> => {
  const named = new Map<string, YamlTree>()
  // unlike aliases, which are shared, what is merged is copied
  let copied = 0

  const gather = (
    offset: number,
    items: ReadonlyMap<string, YamlItem>,
    value: readonly unknown[] | Readonly<Record<string, unknown>>,
  ): Checked<YamlTree> => {
    let [depth, size] = [0, 1]
    for (const { tree } of items.values()) {
      depth = Math.max(depth, tree.depth + 1)
      size += tree.size
    }
    if (depth > most.depth) return refuse(offset, `it is nested more than ${String(most.depth)} levels deep`)
    if (size > most.size) return refuse(offset, `its aliases stand for more than ${String(most.size)} values`)
    return E.right({ value, offset, items, depth, size })
  }

  const settings = (
    pairs: ReadonlyArray<{ key: unknown; value: unknown }>,
    offset: number,
  ): Checked<YamlTree> => {
    const items = new Map<string, YamlItem>()
    const merged: YamlTree[] = []
    for (const { key, value } of pairs) {
      const [name, at] = [String(scalarOf(key as Node)), offsetOf(key as Node)]
      if (items.has(name)) return refuse(at, `it says ${name} twice`)
      const tree = grow(value as Node | null, at)
      if (E.isLeft(tree)) return tree
      if (isMerge(key)) {
        const bases = basesOf(tree.right)
        if (bases === undefined || merged.length > 0) return refuse(at, NO_MERGE)
        merged.push(...bases)
      } else items.set(name, { key: at, tree: tree.right })
    }
    // what is said here counts, and of what is merged the first that says it
    for (const base of merged) {
      copied += base.items.size
      if (copied > most.size)
        return refuse(offset, `its merge keys stand for more than ${String(most.size)} values`)
      for (const [name, item] of base.items) if (!items.has(name)) items.set(name, item)
    }
    // unlike an assignment, this makes a plain setting of __proto__
    return gather(offset, items, Object.fromEntries([...items].map(([name, { tree }]) => [name, tree.value])))
  }

  const list = (nodes: readonly unknown[], offset: number): Checked<YamlTree> =>
    pipe(
      nodes,
      E.traverseArray((node) => grow(node as Node, offset)),
      E.chain((trees) =>
        gather(
          offset,
          new Map(trees.map((tree, i) => [String(i), { key: tree.offset, tree }])),
          trees.map(({ value }) => value),
        ),
      ),
    )

  const grow = (node: Node | null, near: number): Checked<YamlTree> => {
    if (node === null) return E.right(leaf(null, near))
    const offset = offsetOf(node)
    if (isAlias(node)) {
      const target = named.get(node.source)
      return target === undefined
        ? refuse(offset, `the alias *${node.source} names nothing that is whole before it`)
        : E.right(target)
    }
    const tree = isMap(node)
      ? settings(node.items, offset)
      : isSeq(node)
        ? list(node.items, offset)
        : E.right(leaf(node.value, offset))
    if (node.anchor !== undefined && E.isRight(tree)) named.set(node.anchor, tree.right)
    return tree
  }
  return grow(root, 0)
}

const NO_MERGE = '<< takes settings that are named elsewhere, such as *base or [*one, *other], and comes once'

/** Whether a key stands for the settings of another set: `<<`, which in quotes is a key as any. */
const isMerge = (key: unknown): boolean => isScalar(key) && key.value === '<<' && key.type === Scalar.PLAIN

/** What a merge key takes in: a set of settings, or a list of them. */
const basesOf = ({ value, items }: YamlTree): readonly YamlTree[] | undefined => {
  const bases = Array.isArray(value) ? [...items.values()].map(({ tree }) => tree) : [{ value, items }]
  return bases.every((base) => isRecord(base.value)) ? (bases as readonly YamlTree[]) : undefined
}

const scalarOf = (node: Node): unknown => ('value' in node ? node.value : undefined)
