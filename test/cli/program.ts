/**
 * The command line's verbs and flags, which do nothing.
 */
import { Command } from 'commander'
import { expect } from 'vitest'
import { addExperimentVerbs } from '../../src/cli/experiment-verbs.ts'
import { withOutputs } from '../../src/cli/output-flags.ts'
import { addPipelineVerbs } from '../../src/cli/pipeline-verbs.ts'
import { addPlotOptions, addSamplingOptions } from '../../src/cli/sampling-options.ts'
import { addTableVerbs } from '../../src/cli/table-verbs.ts'

const never = (): never => expect.fail('nothing is done')
const outside = { context: never, print: never, words: never, exit: never, again: never }

/** All verbs whose flags are said in functions. */
export const program = new Command('rxdiffusion')
withOutputs(addSamplingOptions(program.command('sample').option('--model <dir>')))
addPlotOptions(program.command('plot').argument('<what>').argument('[kinds...]'))
program.command('setup')
addPipelineVerbs(program, outside)
addExperimentVerbs(program, outside)
addTableVerbs(program, outside)
