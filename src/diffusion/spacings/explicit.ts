/** Timesteps one by one. */
import { checkArgument, type Expected } from '../../arguments.ts'
import type { WholeSpacing } from './spacing.ts'
import { counted, unusable } from './whole.ts'

const listOfTimesteps: Expected = { name: 'a list of timesteps', is: Array.isArray }

/**
 * Just these timesteps.
 *
 * @param timesteps - whole numbers from 0, falling, without repeats
 * @throws SpacingInvalid for anything else
 *
 * @example
 * ```ts
 * expect(explicit([999, 400, 20]).timesteps(1000)).toEqual(E.right([999, 400, 20]))
 * ```
 */
export const explicit = (timesteps: readonly number[]): WholeSpacing => {
  checkArgument('timesteps', listOfTimesteps, timesteps)
  const name = `explicit(${timesteps.join(', ')})`
  if (timesteps.length === 0) throw unusable(name, 'it has no timesteps')
  const wrong = timesteps.find((t, k) => !Number.isInteger(t) || t < 0 || t >= (timesteps[k - 1] ?? Infinity))
  if (wrong !== undefined)
    throw unusable(
      name,
      `timesteps have to be whole numbers from 0 that fall, and ${String(wrong)} breaks that`,
    )
  return counted(name, timesteps.length, (k) => timesteps[k] ?? 0)
}
