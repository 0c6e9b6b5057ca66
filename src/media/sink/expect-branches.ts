/** The branches that a sink is told of, and those that there are. */
import { concat, defer, EMPTY, type MonoTypeOperatorFunction, tap, throwError } from 'rxjs'
import { fail } from '../../failure.ts'
import { branchOf } from '../../stream/branch.ts'
import { branchIn } from './branch-in.ts'

/**
 * Passes on what comes, and refuses in the end a run of which nothing was of these branches: its file would be missing without a word.
 *
 *     frames          --a--b--c|
 *     expectBranches  --a--b--c#
 *
 * @param branches - by name, as {@link branchIn} has them
 * @returns an operator; errors with BranchInvalid, but not where nothing came
 *
 * @example
 * ```ts
 * const frames$ = of({ branch: 'ddim', path: ['ddim'] })
 * await expect(lastValueFrom(frames$.pipe(expectBranches({ plms: 'PLMS' })))).rejects.toThrow(
 *   'The branch plms is not possible: the run has ddim.',
 * )
 * ```
 */
export const expectBranches =
  <A extends object>(branches: Readonly<Record<string, string>>): MonoTypeOperatorFunction<A> =>
  (items$) =>
    defer(() => {
      const seen = new Set<string>()
      let [any, found] = [false, false]
      const look = tap((item: A) => {
        const { path = [] } = branchOf(item)
        any = true
        found ||= branchIn(branches, path) !== undefined
        if (path.length > 0) seen.add(path.join('/'))
      })
      const refuse = () =>
        fail('BranchInvalid', {
          branch: Object.keys(branches).join(' or '),
          reason: seen.size === 0 ? 'the run does not fork' : `the run has ${[...seen].join(', ')}`,
        })
      return concat(
        items$.pipe(look),
        defer(() => (any && !found ? throwError(() => refuse()) : EMPTY)),
      )
    })
