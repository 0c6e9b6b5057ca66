/**
 * What a run can be written as, in words: the one table that file names, help and refusals are read from. How each kind is
 * written says `sink-to.ts`.
 */

/** What somebody may choose of an output. */
export type LookName = 'show' | 'every' | 'fps' | 'over' | 'scale'

/** What is known of a kind. */
export interface OutputWords {
  /** Of its files, in lower case; `/` is a folder. None where it goes to standard output alone. */
  readonly endings: readonly string[]
  /** What it shows, for people. */
  readonly about: string
  readonly heeds: readonly LookName[]
  /** Takes files of an ending that others have too, where the name of the file says so. */
  readonly named?: string
  /** What it is called on standard output, where it can go there. */
  readonly format?: string
}

/** What a run can be written as. */
export type OutputKind =
  'grid' | 'strip' | 'frames' | 'video' | 'gif' | 'apng' | 'samples' | 'trajectory' | 'report' | 'y4m' | 'raw'

/**
 * All kinds of outputs, by name.
 *
 * @example
 * ```ts
 * expect(outputKinds.gif.endings).toEqual(['.gif'])
 * ```
 */
export const outputKinds: Readonly<Record<OutputKind, OutputWords>> = {
  grid: {
    endings: ['.png'],
    about: 'the finished images, each with its caption',
    heeds: ['scale'],
    format: 'png',
  },
  strip: {
    endings: ['.png'],
    named: 'strip',
    about: 'nine steps of each sample, x_t above x̂₀',
    heeds: ['scale'],
    format: 'strip',
  },
  frames: {
    endings: ['/'],
    about: 'a folder with a picture of each step: 0001.png, 0002.png, …',
    heeds: ['show', 'every', 'scale'],
    format: 'png-pipe',
  },
  video: {
    endings: ['.mp4', '.av1.mp4', '.webm', '.mkv', '.webp'],
    about: 'a film, encoded by ffmpeg: H.264, AV1, VP9, lossless, animated WebP',
    heeds: ['show', 'every', 'fps', 'over', 'scale'],
  },
  gif: {
    endings: ['.gif'],
    about: 'a film of at most 256 colours a picture; needs no ffmpeg',
    heeds: ['show', 'every', 'fps', 'over', 'scale'],
  },
  apng: {
    endings: ['.apng'],
    about: 'a film without loss; needs no ffmpeg',
    heeds: ['show', 'every', 'fps', 'over', 'scale'],
  },
  samples: {
    endings: ['.npy', '.npz', '.safetensors'],
    about: 'the finished images as float32 [rows, channels, height, width]',
    heeds: [],
    format: 'npy',
  },
  trajectory: {
    endings: ['.npy', '.npz', '.safetensors'],
    named: 'trajectory',
    about: 'every step as float32 [steps, rows, channels, height, width]',
    heeds: ['show', 'every'],
  },
  report: {
    endings: ['.html'],
    about: 'a page about the run: settings, samples, every step under a slider, its numbers',
    heeds: [],
    format: 'html',
  },
  y4m: {
    endings: [],
    about: 'a film for another program, such as ffmpeg -i - or mpv -',
    heeds: ['show', 'every', 'fps', 'over', 'scale'],
    format: 'y4m',
  },
  raw: {
    endings: [],
    about: 'a film as bare bytes, RGB; the reader has to know the size',
    heeds: ['show', 'every', 'fps', 'over', 'scale'],
    format: 'raw',
  },
}

/**
 * The names of all kinds.
 *
 * @example
 * ```ts
 * expect(outputKindNames.slice(0, 2)).toEqual(['grid', 'strip'])
 * ```
 */
export const outputKindNames: readonly [OutputKind, ...OutputKind[]] = Object.keys(
  outputKinds,
) as unknown as readonly [OutputKind, ...OutputKind[]]

/**
 * The kinds that can go to standard output, by the name of the format.
 *
 * @example
 * ```ts
 * expect(outputFormats.get('npy')).toBe('samples')
 * ```
 */
export const outputFormats: ReadonlyMap<string, OutputKind> = new Map(
  outputKindNames.flatMap((kind): ReadonlyArray<readonly [string, OutputKind]> => {
    const { format } = outputKinds[kind]
    return format === undefined ? [] : [[format, kind]]
  }),
)

/**
 * How people name a kind's files: `.png (with "strip" in its name)`.
 *
 * @example
 * ```ts
 * expect(endingsOf('apng')).toBe('.apng')
 * expect(endingsOf('y4m')).toBe('- (--format y4m)')
 * ```
 */
export const endingsOf = (kind: OutputKind): string => {
  const { endings, named, format } = outputKinds[kind]
  if (endings.length === 0) return `- (--format ${String(format)})`
  const hint = named === undefined ? '' : ` (with "${named}" in its name, or ${kind}: before it)`
  return endings.map((ending) => (ending === '/' ? 'folder/' : ending)).join(' ') + hint
}
