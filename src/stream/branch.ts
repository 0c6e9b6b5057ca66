/**
 * Which branch of a run a frame is of.
 */
import { sameRun } from './settled.ts'

/** The branch that a frame, or a copy of one, is of. */
export interface Branch<K extends string = string> {
  /** Its name, in the fork that has delivered it. */
  readonly branch: K
  /** Its names, where a branch has branches of its own: in the outermost fork first. */
  readonly path: readonly string[]
}

/** What a copy of a frame has to say of its branch: nothing, for a frame of none. */
export type BranchOf<F> = F extends Branch<infer K> ? Branch<K> : unknown

/**
 * What is known of a frame's branch.
 *
 * @example
 * ```ts
 * expect(branchOf({})).toEqual({})
 * ```
 */
export const branchOf = (frame: object): Partial<Branch> =>
  'branch' in frame && 'path' in frame
    ? { branch: frame.branch as string, path: frame.path as readonly string[] }
    : {}

/**
 * The same frame as one of a branch; it is lent, held and kept as the frame itself.
 *
 * @param branch - the name of the branch
 *
 * @example
 * ```ts
 * const frame = { xt: 0.5 }
 * const twice = inBranch('outer')(inBranch('inner')(frame))
 * expect([twice.xt, twice.branch, twice.path]).toEqual([0.5, 'outer', ['outer', 'inner']])
 * ```
 */
export const inBranch =
  <K extends string>(branch: K) =>
  <F extends object>(frame: F): Omit<F, keyof Branch> & Branch<K> => {
    const path = [branch, ...(branchOf(frame).path ?? [])]
    // not a copy: what a frame lends is computed when it is read, and can't be read later
    const same = Object.create(frame, {
      branch: { value: branch, enumerable: true },
      path: { value: path, enumerable: true },
    }) as Omit<F, keyof Branch> & Branch<K>
    return sameRun(frame, same)
  }
