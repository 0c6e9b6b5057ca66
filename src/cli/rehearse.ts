/**
 * A run without its network: what can be refused of it without a tensor library is refused.
 */
import { defaultModel } from '../engine/load-model.ts'
import type { Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { checkOutput } from '../media/output/check-output.ts'
import type { Output } from '../media/output/output.ts'
import { unasked } from '../pipeline/model-flaws.ts'
import { modelFacts } from './model-facts.ts'
import { saidAt } from './said-at.ts'
import { composed, type Work } from './work.ts'

/**
 * Whether a run could begin: its files can be written, its model and images are there and suit each other, and its chains can be
 * walked. Which engines this machine has is not asked, nor what a module would do.
 *
 * @param work - what is asked for
 */
export const rehearse = (work: Work): TE.TaskEither<Failure, void> => {
  const { outputs, model = defaultModel } = work.composition
  return pipe(
    TE.traverseSeqArray((output: Output) => checkOutput(output))(outputs),
    TE.chainW(() =>
      work.planned === undefined
        ? TE.right(undefined)
        : pipe(
            modelFacts(model),
            TE.mapLeft(saidAt(work.planned)),
            TE.chain((facts) => composed(work, unasked(facts))),
          ),
    ),
    TE.map(() => undefined),
  )
}
