/**
 * Classes along a route.
 */
import { fail } from '../failure.ts'
import { type Blend, blended } from '../model/blended.ts'
import type { Condition, Denoiser } from '../model/denoiser.ts'
import type { Mix } from './mix.ts'
import { type Route, stopsOf } from './route.ts'

/** One blend into another; a class alone is itself, and not nearly. */
const mixBlends: Mix<Blend> = (a, b, share) => {
  if (share === 0) return a
  if (share === 1) return b
  const shares = new Map(a.map(([label, weight]) => [label, (1 - share) * weight]))
  for (const [label, weight] of b) shares.set(label, (shares.get(label) ?? 0) + share * weight)
  return shares.size === 1 ? a : [...shares]
}

/**
 * One for each point, of a list of that many or of one.
 *
 * @param what - the list's name in the failure's sentence
 * @throws RunInvalid for a list of another length
 *
 * @example
 * ```ts
 * expect(forEach('labels', 3, [7])).toEqual([7, 7, 7])
 * expect(() => forEach('labels', 3, [7, 8])).toThrow('there are 2 labels for 3 points')
 * ```
 */
export const forEach = <A>(what: string, points: number, list: readonly A[]): readonly A[] => {
  const [only] = list
  if (list.length === points) return list
  if (only !== undefined && list.length === 1) return Array.from({ length: points }, () => only)
  throw fail('RunInvalid', {
    reason: `there are ${String(list.length)} ${what} for ${String(points)} points, and there can be one for each, or one for all`,
  })
}

/** The stops of a route: how many, and of which classes of which model. */
export interface Stops<T> {
  readonly rows: number
  /** The model that knows what lies between classes. */
  readonly model: Denoiser<T>
  /** The class of each stop. */
  readonly condition: Condition
}

/**
 * The classes along a route, {@link blended} between its points.
 *
 * @param model - which knows the classes of the points
 * @param route - through how many points
 * @param points - their number
 * @param labels - their classes, or the one of all; nothing for a model without classes
 * @throws RunInvalid; LabelsUnexpected for labels of a model without classes
 *
 * @example
 * ```ts
 * const model = { ...gaussianMixture([{ mean: 0, deviation: 1 }]), labels: { count: 2, names: ['shoe', 'bag'] } }
 * const stops = blendRoute(model, path(3), 2, [0, 1])
 * expect(stops.condition.labels?.map((label) => stops.model.labels?.names?.[label])).toEqual(['shoe', '50 % shoe 50 % bag', 'bag'])
 * ```
 */
export const blendRoute = <T>(
  model: Denoiser<T>,
  route: Route,
  points: number,
  labels: readonly number[] | undefined,
): Stops<T> => {
  const rows = stopsOf(route, points)
  if (labels === undefined) return { rows, model, condition: {} }
  const classes = forEach('labels', points, labels).map((label): Blend => [[label, 1]])
  const blends = route.through(mixBlends, classes)
  const first = model.labels?.count ?? 0
  return { rows, model: blended(blends)(model), condition: { labels: blends.map((_, i) => first + i) } }
}
