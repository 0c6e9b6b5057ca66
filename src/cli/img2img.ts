/**
 * `rxdiffusion img2img`: images half forgotten and dreamt on (SDEdit), and variations of one.
 */
import { E } from '../fp.ts'
import {
  experimentCommand,
  type ExperimentFlags,
  type ImageFlags,
  imagesOf,
  said,
  value,
} from './experiment-flags.ts'
import type { Context } from './write-run.ts'

/** The flags as the command line has them. */
export interface Img2imgFlags extends ExperimentFlags, ImageFlags {
  readonly strength?: string
  readonly variations?: string
}

/**
 * Goes from image to image.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const img2imgCommand = (flags: Img2imgFlags, context: Context): Promise<number> => {
  const { strength, variations } = flags
  return experimentCommand(
    'img2img',
    flags,
    E.right(
      said({
        kind: variations === undefined ? 'image-to-image' : 'vary',
        images: imagesOf(flags),
        strength: value(strength),
        variations: value(variations),
      }),
    ),
    context,
  )
}
