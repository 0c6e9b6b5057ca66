/**
 * The verbs of experiments: their flags and words. What they do is loaded when they do it.
 */
import type { Command } from 'commander'
import type { Img2imgFlags } from './img2img.ts'
import type { InpaintFlags } from './inpaint.ts'
import type { InterpolateFlags } from './interpolate.ts'
import type { MatrixFlags } from './matrix.ts'
import { collect, withOutputs } from './output-flags.ts'
import type { Outside } from './pipeline-verbs.ts'
import type { TellingFlags } from './telling-flags.ts'

const withModel = (command: Command): Command =>
  command
    .option('--model <dir>', 'folder or file of a model (default: the clothes that come with the package)')
    .option('--engine <name>', 'what runs the model (default: auto)')
    .option('--labels <list>', 'classes by name or number, such as sneaker,bag')
    .option('--clip <mode>', 'how to clip x₀ to the data’s range (default: x0+eps)')
    .option('--dry-run', 'show the pipeline that the flags are, and run nothing')

const withSampling = (command: Command): Command =>
  withModel(command)
    .option('--steps <S>', 'how many timesteps to visit (default: 50)')
    .option('--spacing <kind>', 'which ones (default: trailing)')
    .option('--final-level <end>', 'where the last step leads: clean or first (default: clean)')
    .option('--sampler <rule>', 'ddim, ddpm or a solver, as in ddim:eta=0.5 (default: ddim)')
    .option('--eta <η>', 'short for --sampler …:eta=')
    .option('--variance <kind>', 'short for --sampler ddpm:variance=')
    .option('--rng <kind>', 'noise: philox or torch (default: philox)')

const withGuidance = (command: Command): Command =>
  command.option('--guidance <w>', 'weight of the labels (default: 1, none)')

const withImages = (command: Command): Command =>
  command
    .option(
      '--images <path>',
      'PNG file, folder of PNG files, IDX file (.gz too) or .npy (default: test images of Fashion-MNIST)',
    )
    .option('--first <n>', 'the place of the first image, from 0 (default: 0)')
    .option('--count <n>', 'how many images at most (default: 8)')
    .option('--resize', 'bring images of another size or colour to the model’s')

/** Adds the verbs to the program. */
export const addExperimentVerbs = (program: Command, { context, exit }: Omit<Outside, 'print'>): void => {
  withOutputs(
    withImages(
      withSampling(
        program
          .command('interpolate')
          .description('sample what lies between seeds, classes and weights, or between images'),
      )
        .option('--seeds <list>', 'the points, such as 3,8,5 or 0-3')
        .option('--guidance <w>', 'weight of the labels, or one for each point: 2,6,2 (default: 1)')
        .option('--route <kind>', 'path, loop or plane (of four points) (default: path)')
        .option('--frames <n>', 'from each point to the next, both counted (default: 9)')
        .option('--columns <n>', 'of a plane (default: 5)')
        .option('--rows <n>', 'of a plane (default: 5)')
        .option('--mix <kind>', 'what lies between latents: slerp or lerp (default: slerp)')
        .option('--depth <share>', 'how far up images are encoded, 1 for x_T (default: 1)')
        .option('--refinements <n>', 'how often each step up asks again (default: 0)')
        .option('--at <end>', 'where the way up asks the network: source or destination'),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  rxdiffusion interpolate --seeds 3,8 --labels sneaker,bag --guidance 2 -o path.png\n' +
        '  rxdiffusion interpolate --images photos/ --resize --route loop -o loop.gif --over samples',
    )
    .action(async (flags: InterpolateFlags & TellingFlags) => {
      const { interpolateCommand } = await import('./interpolate.ts')
      exit(await interpolateCommand(flags, context(flags)))
    })

  withOutputs(
    withImages(
      withGuidance(
        withSampling(
          program
            .command('img2img')
            .description('forget images half, and dream them on (SDEdit); or vary one of them'),
        ),
      )
        .option('--seed <n>', 'seed of the noise (default: 0)')
        .option('--strength <share>', 'how much is forgotten, from 0 to 1 (default: 0.6)')
        .option('--variations <n>', 'so many variations of the first image'),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  rxdiffusion img2img --images photo.png --resize --strength 0.5 --labels bag -o dreamt.png\n' +
        '  rxdiffusion img2img --first 3 --variations 8 --strength 0.4 -o variations.png',
    )
    .action(async (flags: Img2imgFlags & TellingFlags) => {
      const { img2imgCommand } = await import('./img2img.ts')
      exit(await img2imgCommand(flags, context(flags)))
    })

  withOutputs(
    withImages(
      withGuidance(
        withSampling(program.command('inpaint').description('paint what is not known of images (RePaint)')),
      )
        .option('--seed <n>', 'seed of the noise (default: 0)')
        .option('--known <side>', 'the half that is known: left, right, top or bottom (default: left)')
        .option('--mask <path>', 'a picture instead, white where the images are known')
        .option('--box <top,left,height,width>', 'a box instead, in pixels, that is painted')
        .option('--jump <n>', 'how many steps to go back each time (default: 10)')
        .option('--resample <n>', 'how often each stretch is gone down; 1 never goes back (default: 10)'),
    ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  rxdiffusion inpaint --known left --count 8 --steps 20 --jump 5 --resample 3 -o painted.png',
    )
    .action(async (flags: InpaintFlags & TellingFlags) => {
      const { inpaintCommand } = await import('./inpaint.ts')
      exit(await inpaintCommand(flags, context(flags)))
    })

  withOutputs(
    withGuidance(
      withModel(
        program
          .command('matrix')
          .description('samplers against numbers of steps, all from one x_T, in one picture'),
      ),
    )
      .option('--sampler <rule>', 'a row, again for each (default: ddim and ddpm)', collect)
      .option('--steps <list>', 'the columns (default: 5,10,20,50)')
      .option('--seed <n>', 'seed of the batch (default: 0)')
      .option('--seeds <list>', 'one seed for each sample instead')
      .option('--batch <n>', 'how many samples in each cell (default: as many as labels)')
      .option('--rng <kind>', 'noise: philox or torch (default: philox)'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  rxdiffusion matrix --sampler ddim --sampler ddpm --steps 5,10,50 --labels boot -o matrix.png',
    )
    .action(async (flags: MatrixFlags & TellingFlags) => {
      const { matrixCommand } = await import('./matrix.ts')
      exit(await matrixCommand(flags, context(flags)))
    })
}
