/**
 * The verbs that measure, and print tables: their flags and words. What they do is loaded when they do it.
 */
import type { Command } from 'commander'
import type { ConsistencyFlags } from './consistency.ts'
import type { EvaluateFlags } from './evaluate.ts'
import { collect } from './output-flags.ts'
import type { Outside } from './pipeline-verbs.ts'
import type { ReconstructFlags } from './reconstruct.ts'
import type { TellingFlags } from './telling-flags.ts'

const withTable = (command: Command): Command =>
  command
    .option('-o, --output <file>', 'the table as .csv or .json besides, again for each file', collect)
    .option('--json', 'tell each row as a line of JSON on standard output')
    .option('--quiet', 'print the table, and say nothing but what is wrong')

/** Adds the verbs to the program. */
export const addTableVerbs = (
  program: Command,
  { context, print, exit }: Pick<Outside, 'context' | 'print' | 'exit'>,
): void => {
  withTable(
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
      .option('--engine <name>', 'what runs the model', 'auto'),
  )
    .addHelpText('after', '\nExample:\n  rxdiffusion reconstruct --steps 10,20,50 --limit 64')
    .action(async (flags: ReconstructFlags & TellingFlags) => {
      const { reconstructCommand } = await import('./reconstruct.ts')
      exit(await reconstructCommand(flags, { ...context(flags), print }))
    })

  withTable(
    program
      .command('consistency')
      .description(
        'how far images of few steps are from those of many, from one x_T: a table for each sampler',
      )
      .option('--model <dir>', 'folder or file of a model (default: the clothes that come with the package)')
      .option('--sampler <rule>', 'a column, again for each (default: ddim and ddpm)', collect)
      .option(
        '--steps <list>',
        'the rows; the most steps are what the others are compared with',
        '5,10,20,50',
      )
      .option('--spacing <kind>', 'which timesteps, as of sample (default: trailing)')
      .option('--seed <n>', 'seed of the batch (default: 0)')
      .option('--seeds <list>', 'one seed for each sample instead')
      .option('--batch <n>', 'how many samples (default: as many as labels)')
      .option('--labels <list>', 'classes by name or number, such as sneaker,bag')
      .option('--guidance <w>', 'weight of the labels', '1')
      .option('--clip <mode>', 'how to clip x₀ to the data’s range (default: x0+eps)')
      .option('--engine <name>', 'what runs the model', 'auto'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  rxdiffusion consistency --sampler ddim --sampler ddpm --steps 5,20,100 --labels boot\n' +
        '\nThe images themselves: rxdiffusion matrix',
    )
    .action(async (flags: ConsistencyFlags & TellingFlags) => {
      const { consistencyCommand } = await import('./consistency.ts')
      exit(await consistencyCommand(flags, { ...context(flags), print }))
    })

  withTable(
    program
      .command('evaluate')
      .description(
        'how far samples are from data (Fréchet and kernel distance, precision, recall); bits per dimension of a model',
      )
      .option('--samples <path>', '.npy as sample writes it, IDX file (.gz too), PNG file or folder of them')
      .option('--data <path>', 'what they are compared with (default: 512 test images of Fashion-MNIST)')
      .option('--limit <n>', 'how many images of each at most (default: all)')
      .option('--resize', 'bring images of another size or colour to 28×28 in grey')
      .option('--batch <n>', 'how many images at a time', '64')
      .option(
        '--bits',
        'bits per dimension that a model needs for the data, in place of distances of samples',
      )
      .option('--model <dir>', 'with --bits: folder or file of a model (default: the clothes)')
      .option(
        '--steps <list>',
        'with --bits: the rows of the table (default: 50; all of the model’s is the least)',
      )
      .option('--spacing <kind>', 'with --bits: which timesteps, as of sample (default: trailing)')
      .option('--clip <mode>', 'with --bits: how to clip x₀ to the data’s range (default: x0+eps)')
      .option('--seed <n>', 'with --bits: of the noise (default: 0)')
      .option('--engine <name>', 'what runs the classifier (default: wasm) or the model (default: auto)'),
  )
    .addHelpText(
      'after',
      '\nThe features are those of a small classifier of clothes that comes with the package.\n' +
        '\nExample:\n  rxdiffusion sample --batch 512 -o samples.npy && rxdiffusion evaluate --samples samples.npy\n' +
        '  rxdiffusion evaluate --bits --steps 50,1000 --limit 64',
    )
    .action(async (flags: EvaluateFlags & TellingFlags) => {
      const told = { ...context(flags), print }
      if (flags.bits === true) {
        const { evaluateBits } = await import('./evaluate-bits.ts')
        exit(await evaluateBits(flags, told))
      } else {
        const { evaluateCommand } = await import('./evaluate.ts')
        exit(await evaluateCommand(flags, told))
      }
    })
}
