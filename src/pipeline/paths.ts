/**
 * The paths in a pipeline.
 */
import type { Experiment } from './experiment.ts'
import type { Pipeline } from './pipeline.ts'

type Move = (path: string) => string

const moved = <A extends { readonly path?: string }>(move: Move, item: A): A =>
  item.path === undefined ? item : { ...item, path: move(item.path) }

const inExperiment = (move: Move, experiment: Experiment): Experiment => ({
  ...experiment,
  ...('images' in experiment ? { images: moved(move, experiment.images) } : {}),
  ...(experiment.kind === 'inpaint' && experiment.known.kind === 'mask'
    ? { known: moved(move, experiment.known) }
    : {}),
})

/**
 * A pipeline whose paths lead elsewhere, such as from where it is run.
 *
 * @param move - from a path as the file says it
 */
export const movePaths =
  (move: Move) =>
  (pipeline: Pipeline): Pipeline => {
    const { model, experiment, outputs } = pipeline
    return {
      ...pipeline,
      ...(model === undefined ? {} : { model: move(model) }),
      ...(experiment === undefined ? {} : { experiment: inExperiment(move, experiment) }),
      outputs: outputs.map((output) => moved(move, output)),
    }
  }

/** The paths that a pipeline reads from. */
export const inputsOf = ({ model, experiment }: Pipeline): readonly string[] =>
  [
    model,
    experiment !== undefined && 'images' in experiment ? experiment.images.path : undefined,
    experiment?.kind === 'inpaint' && experiment.known.kind === 'mask' ? experiment.known.path : undefined,
  ].filter((path) => path !== undefined)

/**
 * A pipeline without the paths for which there is something else unless said.
 *
 * @param needless - which of them are left out
 */
export const leaveOutPaths =
  (needless: (path: string) => boolean) =>
  ({ model, experiment, ...pipeline }: Pipeline): Pipeline => {
    const unlessNeedless = <A extends { readonly path?: string }>({ path, ...rest }: A) => ({
      ...rest,
      ...(path === undefined || needless(path) ? {} : { path }),
    })
    return {
      ...pipeline,
      ...(model === undefined || needless(model) ? {} : { model }),
      ...(experiment === undefined
        ? {}
        : {
            experiment:
              'images' in experiment
                ? { ...experiment, images: unlessNeedless(experiment.images) }
                : experiment,
          }),
    }
  }
