/**
 * `rxdiffusion inpaint`: the rest of images, to go with what is known of them (RePaint).
 */
import { fail, type Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
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
export interface InpaintFlags extends ExperimentFlags, ImageFlags {
  readonly known?: string
  readonly mask?: string
  readonly box?: string
  readonly jump?: string
  readonly resample?: string
}

const knownOf = ({ known, mask, box }: InpaintFlags): E.Either<Failure, Said | undefined> => {
  const ways = [known, mask, box].filter((way) => way !== undefined)
  if (ways.length > 1)
    return E.left(fail('Usage', { reason: '--known, --mask and --box exclude each other' }))
  if (mask !== undefined) return E.right({ kind: 'mask', path: mask })
  if (known !== undefined) return E.right({ kind: 'half', side: known })
  if (box === undefined) return E.right(undefined)
  const [top, left, height, width, ...more] = values(box) ?? []
  return width === undefined || more.length > 0
    ? E.left(fail('Usage', { reason: `--box takes top,left,height,width in pixels, not ${box}` }))
    : E.right({ kind: 'around', top, left, height, width })
}

/**
 * Paints what is not known.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const inpaintCommand = (flags: InpaintFlags, context: Context): Promise<number> =>
  experimentCommand(
    'inpaint',
    flags,
    pipe(
      knownOf(flags),
      E.map((known) =>
        said({
          kind: 'inpaint',
          images: imagesOf(flags),
          known,
          jump: value(flags.jump),
          resample: value(flags.resample),
        }),
      ),
    ),
    context,
  )
