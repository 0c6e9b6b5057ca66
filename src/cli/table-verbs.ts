/**
 * The verbs that measure, and print tables: their flags and words. What they do is loaded when they do it.
 */
import type { Command } from 'commander'
import type { ConsistencyFlags } from './consistency.ts'
import { collect } from './output-flags.ts'
import type { Outside } from './pipeline-verbs.ts'
import type { Terminal } from './progress.ts'
import type { ReconstructFlags } from './reconstruct.ts'

/** What the verbs reach of the process. */
interface Reached extends Pick<Outside, 'print' | 'exit'> {
  readonly terminal: Terminal
  /** When to stop. */
  readonly signal: () => AbortSignal
}

/** Adds the verbs to the program. */
export const addTableVerbs = (program: Command, { print, exit, terminal, signal }: Reached): void => {
  program
    .command('reconstruct')
    .description('encode images to noise and decode them again: a table of the error against the steps')
    .option('--model <dir>', 'folder or file of a model (default: the clothes that come with the package)')
    .option(
      '--images <path>',
      'PNG file, folder of PNG files, IDX file (.gz too) or .npy (default: 512 test images of Fashion-MNIST)',
    )
    .option('--resize', 'bring images of another size or colour to the model’s')
    .option('--steps <list>', 'the rows of the table', '10,20,50,100,200')
    .option('--spacing <kind>', 'which timesteps, as of sample (default: trailing)')
    .option('--at <end>', 'where the way up asks the network: source or destination', 'destination')
    .option('--refinements <n>', 'how often each step up asks again', '0')
    .option('--limit <n>', 'how many images at most (default: all)')
    .option('--batch <n>', 'how many images at a time', '64')
    .option('--engine <name>', 'what runs the model', 'auto')
    .addHelpText('after', '\nExample:\n  rxdiffusion reconstruct --steps 10,20,50 --limit 64')
    .action(async (flags: ReconstructFlags) => {
      const { reconstructCommand } = await import('./reconstruct.ts')
      exit(await reconstructCommand(flags, print, { terminal, signal: signal() }))
    })

  program
    .command('consistency')
    .description('how far images of few steps are from those of many, from one x_T: a table for each sampler')
    .option('--model <dir>', 'folder or file of a model (default: the clothes that come with the package)')
    .option('--sampler <rule>', 'a column, again for each (default: ddim and ddpm)', collect)
    .option('--steps <list>', 'the rows; the most steps are what the others are compared with', '5,10,20,50')
    .option('--spacing <kind>', 'which timesteps, as of sample (default: trailing)')
    .option('--seed <n>', 'seed of the batch (default: 0)')
    .option('--seeds <list>', 'one seed for each sample instead')
    .option('--batch <n>', 'how many samples (default: as many as labels)')
    .option('--labels <list>', 'classes by name or number, such as sneaker,bag')
    .option('--guidance <w>', 'weight of the labels', '1')
    .option('--clip <mode>', 'how to clip x₀ to the data’s range (default: x0+eps)')
    .option('--engine <name>', 'what runs the model', 'auto')
    .addHelpText(
      'after',
      '\nExample:\n  rxdiffusion consistency --sampler ddim --sampler ddpm --steps 5,20,100 --labels boot\n' +
        '\nThe images themselves: rxdiffusion matrix',
    )
    .action(async (flags: ConsistencyFlags) => {
      const { consistencyCommand } = await import('./consistency.ts')
      exit(await consistencyCommand(flags, print, { terminal, signal: signal() }))
    })
}
