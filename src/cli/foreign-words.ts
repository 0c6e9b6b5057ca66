/**
 * What other tools call what is here called otherwise: the flags and verbs of diffusers, k-diffusion, the web interfaces and the authors'
 * own scripts.
 */

type Words = ReadonlyArray<readonly [ours: string, theirs: readonly string[]]>

/** Flags; where a verb has several of ours, the first is meant. */
export const foreignFlags: Words = [
  ['--model', ['ckpt', 'model-path', 'pretrained-model-name-or-path', 'model-id', 'checkpoint-path', 'm']],
  [
    '--steps',
    ['num-inference-steps', 'ddim-steps', 'timesteps', 'n-steps', 'num-steps', 'timestep-respacing', 's'],
  ],
  ['--sampler', ['scheduler', 'sample-method', 'sampling-method', 'sampler-name', 'solver', 'method']],
  ['--sampler plms', ['plms', 'pndm']],
  ['--sampler ddim', ['ddim', 'use-ddim']],
  ['--sampler ddpm', ['ddpm', 'ancestral']],
  ['--spacing karras', ['karras', 'use-karras-sigmas']],
  [
    '--guidance',
    ['cfg', 'cfg-scale', 'guidance-scale', 'classifier-scale', 'unconditional-guidance-scale', 'scale', 'w'],
  ],
  ['--labels', ['prompt', 'class', 'classes', 'class-labels', 'label', 'y', 'p']],
  ['--limit', ['n', 'count', 'num', 'n-samples', 'num-samples', 'num-images', 'max-images', 'max-samples']],
  [
    '--batch',
    [
      'n',
      'count',
      'num',
      'n-samples',
      'num-samples',
      'batch-size',
      'num-images',
      'num-images-per-prompt',
      'n-iter',
      'bs',
    ],
  ],
  ['--count', ['n', 'num', 'n-samples', 'num-samples', 'num-images', 'batch', 'batch-size', 'limit']],
  ['--eta', ['ddim-eta', 'noise', 'stochasticity']],
  ['--seeds', ['seed-list', 'points', 'from', 'to', 'start', 'end', 'seed']],
  ['--seed', ['seeds', 'random-seed', 'manual-seed', 'generator-seed']],
  ['--images', ['init-img', 'init-image', 'image', 'input', 'init', 'init-images', 'i', 'source', 'data']],
  ['--data', ['images', 'dataset', 'data-dir', 'train-data-dir', 'reference', 'real']],
  ['--samples', ['images', 'fake', 'generated']],
  ['--strength', ['denoising-strength', 'denoise', 'image-strength', 't-enc', 'noise-level', 'depth']],
  ['--depth', ['strength', 't-enc']],
  ['--variations', ['vary', 'n-variations']],
  ['--mask', ['mask-image', 'inpaint-mask', 'mask-path']],
  ['--frames', ['n-frames', 'num-frames', 'interpolation-steps', 'num-interpolation-steps']],
  ['--output', ['out', 'outdir', 'out-dir', 'output-dir', 'save', 'save-path', 'output-path', 'o']],
  ['--out', ['output', 'outdir', 'out-dir', 'output-dir', 'save', 'save-path', 'o']],
  ['--spacing', ['timestep-spacing', 'respacing', 'discretization', 'skip-type', 'schedule']],
  ['--clip', ['clip-denoised', 'clip-sample', 'thresholding', 'dynamic-thresholding']],
  ['--resample', ['jump-n-sample']],
  ['--jump', ['jump-length']],
  ['--engine', ['device', 'backend', 'provider', 'accelerator', 'cuda', 'gpu', 'cpu', 'd']],
  ['--engine onnx:half', ['fp16', 'half', 'precision', 'dtype']],
  ['--resume', ['resume-from-checkpoint', 'resume-from']],
  ['--checkpoint-every', ['save-every', 'save-interval', 'checkpointing-steps']],
  ['--quiet', ['silent', 'q', 'no-progress']],
  ['--dry-run', ['explain', 'plan']],
  ['--scale', ['upscale', 'zoom']],
]

/** Verbs. */
export const foreignVerbs: Words = [
  ['sample', ['generate', 'gen', 'txt2img', 'infer', 'predict', 'denoise', 'create', 'draw']],
  ['sample --resume', ['resume', 'continue']],
  [
    'img2img',
    ['image-to-image', 'image2image', 'sdedit', 'vary', 'variation', 'variations', 'edit', 'dream'],
  ],
  ['interpolate', ['interp', 'slerp', 'lerp', 'morph', 'walk']],
  ['inpaint', ['repaint', 'outpaint', 'fill']],
  ['reconstruct', ['encode', 'decode', 'invert', 'inversion', 'ddim-inversion']],
  ['matrix', ['compare', 'xyz', 'sweep']],
  ['rerun', ['reproduce', 'replay', 'again']],
  ['inspect', ['info', 'show']],
  ['doctor', ['check', 'engines', 'devices', 'env', 'status', 'bench', 'benchmark']],
  ['evaluate', ['fid', 'eval', 'score', 'metrics', 'test']],
  ['evaluate --bits', ['nll', 'bpd', 'likelihood']],
  ['train', ['fit', 'learn', 'finetune', 'fine-tune']],
  ['setup', ['install']],
  ['validate', ['lint']],
  ['ls', ['list', 'models', 'samplers', 'schedulers', 'schedules', 'spacings', 'outputs']],
  ['plot', ['chart', 'graph']],
  ['--version', ['version', 'v']],
]

/** What has no counterpart, and what there is instead: the end of a sentence. */
const advices: ReadonlyArray<readonly [theirs: readonly string[], advice: string]> = [
  [['overwrite', 'force', 'f', 'yes'], 'files are replaced unasked, so leave it out'],
  [
    ['width', 'height', 'size', 'resolution', 'image-size', 'h', 'w'],
    'images are as large as those of the model, so leave it out; --scale magnifies pictures of them',
  ],
  [
    ['negative-prompt', 'negative', 'n-prompt', 'uncond'],
    '--guidance leads away from the class none, and in code guided({ negative }) from any other',
  ],
  [['workers', 'num-workers', 'threads', 'num-threads'], 'the engine takes the cores that there are'],
  [['grid', 'save-grid', 'video', 'gif', 'save-intermediates'], 'what is written goes by the ending of -o'],
  [['verbose', 'debug'], 'all there is to know is told by --json'],
]

/** The words under which a thing is looked for: `--num_inference_steps` is num-inference-steps, and `-n4` is n. */
export const plainWord = (word: string): string =>
  word
    .replace(/^-(\w)\d+$/, '$1')
    .replace(/^--?/, '')
    .replaceAll('_', '-')
    .toLowerCase()

/**
 * What a word of another tool is here.
 *
 * @param table - flags or verbs
 * @param known - those of ours that are there
 * @param word - as somebody has typed it
 */
export const translated = (table: Words, known: readonly string[], word: string): string | undefined =>
  table.find(
    ([ours, theirs]) => known.includes(ours.split(' ')[0] ?? '') && theirs.includes(plainWord(word)),
  )?.[0]

/** What there is instead of a flag of another tool, as the end of a sentence. */
export const adviceOn = (word: string): string | undefined =>
  advices.find(([theirs]) => theirs.includes(plainWord(word)))?.[1]

/** A sampler's name without what tools decorate it with: `k_euler_a`, `DPM++ 2M Karras`, `EulerDiscreteScheduler`. */
const bare = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('++', 'pp')
    .replace(/^(?:sample|k)[_-]/, '')
    .replace(/[_ -]?(?:karras|exponential|simple|normal)$/, '')
    .replaceAll(/scheduler|sampler|discrete|multistep|singlestep|[^a-z0-9]/g, '')

/** Bare names of other tools for our samplers. */
const samplers: Words = [
  ['euler-ancestral', ['eulera']],
  ['plms', ['pndm', 'plms']],
  ['dpmpp-2m', ['dpmpp', 'dpmsolver', 'dpmsolverpp', 'dpm']],
  ['dpmpp-2m-sde', ['dpmppsde', 'dpmsolversde', 'dpmsde', 'dpmpp2msdegpu']],
  ['dpmpp-3m-sde', ['dpmpp3msdegpu']],
  ['dpm2', ['kdpm2']],
  ['ddpm', ['ancestral', 'ddpmparallel']],
  ['ddim', ['ddimparallel', 'ddiminverse']],
  ['unipc', ['unipcbh1', 'unipcbh2']],
]

/**
 * What a sampler of another tool is here.
 *
 * @param known - ours
 * @param name - as somebody has typed it
 * @returns a sampler, and the spacing that its name speaks of
 */
export const foreignSampler = (known: readonly string[], name: string): string | undefined => {
  const own =
    known.find((each) => bare(each) === bare(name)) ??
    samplers.find(([, theirs]) => theirs.includes(bare(name)))?.[0]
  const spacing = /karras|exponential/.exec(name.toLowerCase())?.[0]
  return own === undefined ? undefined : spacing === undefined ? own : `${own} --spacing ${spacing}`
}
