/**
 * What has been refused of a pipeline's model, engine or images, where the pipeline names them.
 */
import { defaultImages } from '../data/open-images.ts'
import type { Failure, FailureTag } from '../failure.ts'
import { isRecord } from '../json.ts'
import { flawFrom, type PipelineError } from '../pipeline/flaw.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { Planned } from './pipeline-file.ts'

type Way = PipelineError['way']

/** The way to the path that a failure's begins with: of a folder it is a file in it that can't be read. */
const wayToPath = (value: unknown, path: string): Way | undefined => {
  if (!isRecord(value)) return undefined
  for (const [key, each] of Object.entries(value)) {
    if (
      (key === 'path' || key === 'model') &&
      typeof each === 'string' &&
      each !== '' &&
      path.startsWith(each)
    )
      return [key]
    const rest = wayToPath(each, path)
    if (rest !== undefined) return [key, ...rest]
  }
  return undefined
}

/** What a composition refuses of some settings, and names no path. */
const ways: Partial<Readonly<Record<FailureTag, Way>>> = {
  EngineUnavailable: ['engine'],
  ModelRejected: ['engine'],
  LabelUnknown: ['condition', 'labels'],
  LabelsUnexpected: ['condition', 'labels'],
  GuidanceUnconditional: ['experiment', 'guidance'],
  ShapesDisagree: ['experiment', 'known'],
}

/** A failure as what is wrong with a setting, where one is at fault. */
export const flawOf = ({ model, experiment }: Pipeline, failure: Failure): PipelineError | undefined => {
  const at = (way: Way | undefined): PipelineError | undefined => way && flawFrom(way, failure)
  if ('path' in failure) {
    const images = experiment !== undefined && 'images' in experiment ? experiment.images : undefined
    // nobody has named those that come with the package
    return images !== undefined &&
      images.path === undefined &&
      failure.path === defaultImages &&
      'reason' in failure
      ? { way: ['experiment', 'images'], reason: failure.reason }
      : at(wayToPath({ model, experiment }, failure.path))
  }
  if (failure._tag === 'RunInvalid' && experiment?.kind === 'interpolate-images')
    return at(['experiment', 'route', 'kind'])
  return at(ways[failure._tag])
}

/**
 * A failure as what is wrong with a setting; as it is where no setting is at fault, or where there are none.
 *
 * @param planned - what comes from data
 */
export const saidAt =
  (planned: Planned | undefined) =>
  (failure: Failure): Failure => {
    const flaw = planned && flawOf(planned.plan.pipeline, failure)
    return planned === undefined || flaw === undefined ? failure : planned.refusal([flaw])
  }
