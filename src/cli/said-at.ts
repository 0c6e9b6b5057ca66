/**
 * What has been refused of a pipeline's model, engine or images, where the pipeline names them.
 */
import type { Failure } from '../failure.ts'
import { isRecord } from '../json.ts'
import { flawFrom, type PipelineError } from '../pipeline/flaws.ts'
import type { Planned } from './pipeline-file.ts'

type Way = PipelineError['way']

/** The way to a text that a path begins with: of a folder it is a file in it that can't be read. */
const wayToPath = (value: unknown, path: string): Way | undefined => {
  if (typeof value === 'string') return value !== '' && path.startsWith(value) ? [] : undefined
  if (!isRecord(value)) return undefined
  for (const [key, each] of Object.entries(value)) {
    const rest = wayToPath(each, path)
    if (rest !== undefined) return [key, ...rest]
  }
  return undefined
}

const wayOf = ({ plan: { pipeline } }: Planned, failure: Failure): Way | undefined => {
  if (failure._tag === 'EngineUnavailable' || failure._tag === 'ModelRejected') return ['engine']
  return 'path' in failure
    ? wayToPath({ model: pipeline.model, experiment: pipeline.experiment }, failure.path)
    : undefined
}

/**
 * A failure as what is wrong with a setting; as it is where no setting is at fault, or where there are none.
 *
 * @param planned - what comes from data
 */
export const saidAt =
  (planned: Planned | undefined) =>
  (failure: Failure): Failure => {
    const way = planned === undefined ? undefined : wayOf(planned, failure)
    return planned === undefined || way === undefined ? failure : planned.refusal([flawFrom(way, failure)])
  }
