/**
 * The classes of images that somebody brings, as the model counts them.
 */
import type { ImageSource } from '../data/image-source.ts'
import type { Model } from '../engine/engine.ts'
import type { Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { batchLabels } from '../model/batch-labels.ts'

/**
 * One class of the model for each image: the one that somebody names, or that of the folder that it lies in or of the
 * file beside it, or "none".
 *
 * @param model - whose classes they have to be
 * @param source - the images
 * @param asked - names or numbers, for the images in turn
 * @returns nothing for a model without classes
 */
export const classesOfImages = (
  { labels: known }: Pick<Model, 'labels'>,
  { count, labels, classes }: ImageSource,
  asked?: readonly string[],
): E.Either<Failure, readonly number[] | undefined> => {
  if (known === undefined && asked === undefined) return E.right(undefined)
  const none = known?.unconditional
  const own =
    labels?.map((label) => classes?.[label] ?? String(label)) ??
    (none === undefined ? undefined : [String(none)])
  return pipe(
    batchLabels(known, asked ?? own, count),
    E.map((batch) => batch.classes),
  )
}
