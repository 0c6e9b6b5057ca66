/**
 * `rxdiffusion interpolate`: images between samples, or between images.
 */
import { fail, type Failure } from '../failure.ts'
import { E } from '../fp.ts'
import {
  experimentCommand,
  type ExperimentFlags,
  type ImageFlags,
  imagesOf,
  said,
  type Said,
  value,
  values,
} from './experiment-flags.ts'
import type { Context } from './write-run.ts'

/** The flags as the command line has them. */
export interface InterpolateFlags extends ExperimentFlags, ImageFlags {
  readonly route?: string
  readonly frames?: string
  readonly columns?: string
  readonly rows?: string
  readonly mix?: string
  readonly depth?: string
  readonly refinements?: string
  readonly at?: string
}

const routeOf = ({ route = 'path', frames, columns, rows }: InterpolateFlags): Said =>
  said({ kind: route, frames: value(frames), columns: value(columns), rows: value(rows) })

/** Flags that only images have. */
const ofImages = ['first', 'count', 'resize', 'depth', 'refinements', 'at'] as const

const experimentOf = (flags: InterpolateFlags): E.Either<Failure, Said> => {
  const { mix, images, depth, refinements, at, guidance } = flags
  const needless = ofImages.find((name) => flags[name] !== undefined)
  if (images === undefined) {
    if (needless !== undefined)
      return E.left(fail('Usage', { reason: `--${needless} is about images, and there are no --images` }))
    const weights = values(guidance)
    return E.right(
      said({
        kind: 'interpolate',
        route: routeOf(flags),
        mix,
        guidance: weights !== undefined && weights.length > 1 ? weights : undefined,
      }),
    )
  }
  return E.right(
    said({
      kind: 'interpolate-images',
      images: imagesOf(flags),
      route: routeOf(flags),
      mix,
      depth: value(depth),
      refinements: value(refinements),
      evaluateAt: at,
    }),
  )
}

/**
 * Interpolates.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const interpolateCommand = (flags: InterpolateFlags, context: Context): Promise<number> => {
  const { guidance, ...others } = flags
  const one = guidance === undefined || guidance.includes(',') ? others : flags
  return experimentCommand('interpolate', one, experimentOf(flags), context)
}
