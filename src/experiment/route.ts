/**
 * Where an interpolation leads: through points, whatever the points are.
 */
import { fail } from '../failure.ts'
import { lerpNumber, type Mix } from './mix.ts'

/** A way through points. What lies between two of them is somebody else's to say, so one route serves noise, labels and weights alike. */
export interface Route {
  readonly name: string
  /** Images in a row of a grid, where the route has rows. */
  readonly columns?: number
  /**
   * The stops of the route, the points among them, untouched.
   *
   * @throws RunInvalid for a number of points that the route does not lead through
   */
  readonly through: <A>(mix: Mix<A>, points: readonly A[]) => readonly A[]
}

const atLeastTwo = (what: string, value: number): number => {
  if (!(Number.isSafeInteger(value) && value >= 2))
    throw fail('RunInvalid', { reason: `${what} is ${String(value)}, and has to be a whole number from 2` })
  return value
}

const checkPoints = (route: string, points: number, fits: boolean, wanted: string): void => {
  if (!fits)
    throw fail('RunInvalid', {
      reason: `a ${route} leads through ${wanted} points, and ${String(points)} are given`,
    })
}

/** Evenly from one point to the next: the first included, the last left out. */
const leg = <A>(mix: Mix<A>, frames: number, from: A, to: A): readonly A[] =>
  Array.from({ length: frames - 1 }, (_, i) => mix(from, to, i / (frames - 1)))

/**
 * From point to point.
 *
 * @param frames - from each point to the next, both counted, at least 2: k points make (k − 1)·(frames − 1) + 1 stops
 * @throws RunInvalid for fewer frames
 *
 * @example
 * ```ts
 * expect(path(3).through(lerpNumber, [0, 1, 4])).toEqual([0, 0.5, 1, 2.5, 4])
 * ```
 */
export const path = (frames: number): Route => {
  atLeastTwo('the number of frames', frames)
  return {
    name: `path(${String(frames)})`,
    through: (mix, points) => {
      checkPoints('path', points.length, points.length >= 2, '2 or more')
      return points.flatMap((point, i) =>
        i + 1 === points.length ? [point] : leg(mix, frames, point, points[i + 1]!),
      )
    },
  }
}

/**
 * From point to point, and from the last to the first: as a film it has no end. The first is not repeated.
 *
 * @param frames - from each point to the next, both counted, at least 2: k points make k·(frames − 1) stops
 * @throws RunInvalid for fewer frames
 *
 * @example
 * ```ts
 * expect(loop(3).through(lerpNumber, [0, 1, 4])).toEqual([0, 0.5, 1, 2.5, 4, 2])
 * ```
 */
export const loop = (frames: number): Route => {
  atLeastTwo('the number of frames', frames)
  return {
    name: `loop(${String(frames)})`,
    through: (mix, points) => {
      checkPoints('loop', points.length, points.length >= 2, '2 or more')
      return points.flatMap((point, i) => leg(mix, frames, point, points[(i + 1) % points.length]!))
    },
  }
}

/**
 * A plane between four corners, row by row: top left, top right, bottom left, bottom right.
 *
 * @param columns - at least 2
 * @param rows - at least 2
 * @throws RunInvalid for fewer
 *
 * @example
 * ```ts
 * expect(plane(3, 2).through(lerpNumber, [0, 2, 10, 12])).toEqual([0, 1, 2, 10, 11, 12])
 * ```
 */
export const plane = (columns: number, rows: number): Route => {
  atLeastTwo('the number of columns', columns)
  atLeastTwo('the number of rows', rows)
  return {
    name: `plane(${String(columns)}×${String(rows)})`,
    columns,
    through: (mix, points) => {
      checkPoints('plane', points.length, points.length === 4, '4')
      const [a, b, c, d] = points
      return Array.from({ length: columns * rows }, (_, i) => {
        const across = (i % columns) / (columns - 1)
        const down = Math.floor(i / columns) / (rows - 1)
        return mix(mix(a!, b!, across), mix(c!, d!, across), down)
      })
    },
  }
}

/**
 * How many stops a route has.
 *
 * @example
 * ```ts
 * expect(stopsOf(path(9), 3)).toBe(17)
 * ```
 */
export const stopsOf = (route: Route, points: number): number =>
  route.through(
    lerpNumber,
    Array.from({ length: points }, () => 0),
  ).length

/**
 * What to write beneath the stops of a route: at its points what is said of them, and nothing between.
 *
 * @param route - through how many points
 * @param points - what is said of each
 * @throws RunInvalid where the route does not lead through that many
 *
 * @example
 * ```ts
 * expect(captionsAlong(path(3), ['shoe', 'bag'])).toEqual(['shoe', '', 'bag'])
 * ```
 */
export const captionsAlong = (route: Route, points: readonly string[]): readonly string[] =>
  route.through((a, b, share) => (share === 0 ? a : share === 1 ? b : ''), points)
