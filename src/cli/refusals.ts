/**
 * What commander refuses, in our words.
 */
import type { Command, CommanderError } from 'commander'
import { fail, type FailureOf } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { quoted } from '../quoted.ts'

const sentences: ReadonlyMap<string, (what: string) => string> = new Map([
  ['commander.unknownOption', (what) => `There is no option ${quoted(what)}`],
  ['commander.missingArgument', (what) => `A ${what} is needed`],
  ['commander.unknownCommand', (what) => `There is no command ${quoted(what)}`],
  ['commander.optionMissingArgument', (what) => `The option ${what} needs a value`],
])

/** What other tools call their flags and verbs, and we call otherwise. */
const elsewhere: ReadonlyMap<string, readonly string[]> = new Map([
  ['--model', ['ckpt', 'model-path', 'pretrained-model-name-or-path', 'model-id']],
  [
    '--steps',
    ['num-inference-steps', 'ddim-steps', 'timesteps', 'n-steps', 'num-steps', 'timestep-respacing'],
  ],
  ['--sampler', ['scheduler', 'sample-method', 'sampling-method', 'sampler-name']],
  [
    '--guidance',
    ['cfg', 'cfg-scale', 'guidance-scale', 'scale', 'classifier-scale', 'unconditional-guidance-scale'],
  ],
  ['--labels', ['prompt', 'class', 'classes', 'class-labels', 'label', 'y']],
  ['--batch', ['n-samples', 'num-samples', 'batch-size', 'num-images', 'num-images-per-prompt', 'n-iter']],
  ['--eta', ['ddim-eta']],
  ['--seeds', ['seed-list', 'points']],
  ['--images', ['init-img', 'init-image', 'image', 'input', 'init', 'init-images']],
  ['--strength', ['denoising-strength', 'denoise', 'image-strength', 't-enc', 'noise-level']],
  ['--mask', ['mask-image', 'inpaint-mask']],
  ['--output', ['out', 'outdir', 'out-dir', 'output-dir', 'save', 'save-path']],
  ['--spacing', ['timestep-spacing', 'respacing', 'discretization', 'skip-type']],
  ['--clip', ['clip-denoised', 'clip-sample', 'thresholding']],
  ['--resample', ['jump-n-sample']],
  ['--jump', ['jump-length']],
  ['sample', ['generate', 'gen', 'txt2img', 'infer', 'predict', 'denoise', 'create']],
  ['img2img', ['image-to-image', 'image2image', 'sdedit', 'vary', 'variation', 'variations']],
  ['interpolate', ['interp', 'slerp', 'lerp', 'morph', 'walk']],
  ['inpaint', ['repaint', 'outpaint', 'fill']],
  ['reconstruct', ['encode', 'invert', 'inversion', 'ddim-inversion']],
  ['matrix', ['compare', 'xyz', 'sweep']],
  ['inspect', ['info', 'show']],
  ['doctor', ['check', 'engines', 'devices', 'env', 'status']],
  ['validate', ['lint']],
  ['ls', ['list']],
  ['plot', ['chart', 'graph']],
])

/** What a flag or verb of another tool is called here, where the command has it. */
const ours = (what: string, known: readonly string[]): string | undefined => {
  const name = what.replace(/^--?/, '').replaceAll('_', '-').toLowerCase()
  const same = known.find((each) => each === `--${name}` || (each === name && each !== what))
  return same ?? [...elsewhere].find(([own, theirs]) => known.includes(own) && theirs.includes(name))?.[0]
}

/** What a command could have been told. */
const namesOf = ({ commands, options }: Command): readonly string[] => [
  ...commands.map((command) => command.name()),
  ...options.flatMap(({ long }) => long ?? []),
  '--help',
]

/**
 * Says what commander found wrong.
 *
 * @param command - the one that was meant
 * @returns nothing where commander has shown the help instead
 */
export const refusalOf =
  (command: Command) =>
  ({ code, message }: CommanderError): FailureOf<'Usage'> | undefined => {
    const sentence = sentences.get(code)
    const [what = ''] = (/'(.*)'/s.exec(message)?.[1] ?? '').split('=')
    const known = namesOf(command)
    const own = ours(what, known)
    const near = nearest(known)(what)
    const argument = command.registeredArguments.find((each) => each.name() === what)
    if (argument !== undefined && argument.description !== '')
      return sentence && fail('Usage', { reason: `${sentence(what)}: ${argument.description}` })
    const hint =
      own === undefined ? (near === undefined ? '' : `; the nearest is ${near}`) : `; here it is ${own}`
    return sentence && fail('Usage', { reason: sentence(what) + hint })
  }

/** Refuses words that belong to no option and are no argument. */
export const refuseArguments = (command: Command): void => {
  if (command.registeredArguments.some(({ variadic }) => variadic)) return
  const taken = command.registeredArguments.length
  const extra = command.args[taken]
  if (extra === undefined) return
  const reason =
    taken === 0
      ? `${command.name()} takes only options, and ${quoted(extra)} belongs to none; lists have no spaces`
      : `${command.name()} takes one path, and ${quoted(extra)} is another`
  throw fail('Usage', { reason })
}
