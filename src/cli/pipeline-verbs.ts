/**
 * The verbs that are about pipelines: their flags and words. What they do is loaded when they do it.
 */
import type { Command } from 'commander'
import { collect, withOutputs } from './output-flags.ts'
import type { RerunFlags } from './rerun.ts'
import type { RunFlags } from './run.ts'
import { type TellingFlags, withTelling } from './telling-flags.ts'
import type { Context } from './write-run.ts'

/** What the verbs are given by the process. */
export interface Outside {
  readonly context: (flags: TellingFlags) => Context
  readonly print: (text: string) => unknown
  readonly words: (text: string) => unknown
  readonly exit: (code: number) => void
  /** Tells the program other words; the exit code. */
  readonly again: (words: readonly string[]) => Promise<number>
}

interface SetFlags {
  readonly set?: readonly string[]
}

const withSet = (command: Command): Command =>
  command.option(
    '--set <name=value>',
    'a setting in the file’s stead, such as noise.seed=3 or eta=0.5; again for each',
    collect,
  )

/** Adds the verbs to the program. */
export const addPipelineVerbs = (program: Command, { context, print, words, exit, again }: Outside): void => {
  withTelling(
    withSet(
      program
        .command('run')
        .description('run a pipeline: a YAML or JSON file, or a module that exports a composition')
        .argument('<file>', 'pipeline.yaml, .json, .ts or .mjs, or - for standard input'),
    ),
  )
    .option('--dry-run', 'show the pipeline with every default, and run nothing')
    .option('--checkpoint <dir>', 'write states into a folder, for --resume after a kill')
    .option('--checkpoint-every <k>', 'every how manieth step (default: ten times on the way)')
    .option('--resume <dir>', 'go on with the run of that folder, to the samples of the whole run')
    .addHelpText(
      'after',
      '\nExample:\n  rxdiffusion run pipelines/ten-classes.yaml --set noise.seed=3 --set steps=20',
    )
    .action(async (path: string, flags: RunFlags & TellingFlags) => {
      const { runCommand } = await import('./run.ts')
      exit(await runCommand(path, flags, context(flags)))
    })

  withOutputs(
    program
      .command('rerun')
      .description('make a file of this project again, from what it says of itself')
      .argument(
        '<file>',
        'a picture, film, page, array or folder that a run has written, or the folder of a run',
      ),
  )
    .option('--dry-run', 'show what would be run, and run nothing')
    .addHelpText('after', '\nExample:\n  rxdiffusion rerun grid.png -o again.png')
    .action(async (path: string, flags: RerunFlags & TellingFlags) => {
      const { rerun } = await import('./rerun.ts')
      exit(await rerun(path, flags, context(flags), again))
    })

  withSet(
    program
      .command('validate')
      .description('say whether pipelines could be run, and all that is wrong')
      .argument('<file...>', 'YAML or JSON files, or - for standard input'),
  )
    .addHelpText('after', '\nExample:\n  rxdiffusion validate pipelines/*.yaml')
    .action(async (paths: readonly string[], { set = [] }: SetFlags) => {
      const { validate } = await import('./validate.ts')
      exit(await validate(paths, set, print, words))
    })

  withSet(
    program
      .command('explain')
      .description('print the TypeScript that a pipeline is')
      .argument('<file>', 'a YAML or JSON file, or - for standard input'),
  )
    .addHelpText('after', '\nExample:\n  rxdiffusion explain pipelines/ten-classes.yaml > ten-classes.mjs')
    .action(async (path: string, { set = [] }: SetFlags) => {
      const { explain } = await import('./explain.ts')
      exit(await explain(path, set, print, words))
    })

  program
    .command('schema')
    .description('print the JSON Schema of pipelines, by which editors complete them')
    .action(async () => {
      const { pipelineSchema } = await import('../pipeline/pipeline-schema.ts')
      print(`${JSON.stringify(pipelineSchema(), null, 2)}\n`)
    })

  program
    .command('ls')
    .description('list what there is to choose from')
    .argument('<list>', 'models, schedules, spacings, samplers, experiments or outputs')
    .action(async (what: string) => {
      const { ls } = await import('./ls.ts')
      exit(await ls(what, print, words))
    })

  program
    .command('completion')
    .description('print a script by which a shell completes verbs and flags')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  source <(rxdiffusion completion bash)')
    .action(async (shell: string) => {
      const { completionCommand } = await import('./completion.ts')
      exit(completionCommand(program, shell, print, words))
    })
}
