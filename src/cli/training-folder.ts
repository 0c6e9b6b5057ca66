/**
 * What training leaves on the disk: a folder as diffusers has it, the weights without their average in `raw/`, checkpoints to go on
 * from, the losses, and grids of samples.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Values } from '../algebra/algebra.ts'
import { encodeSafetensors } from '../checkpoint/encode-safetensors.ts'
import { fileKind, listFolder, readBytes, readText } from '../checkpoint/read-file.ts'
import { parseSafetensors } from '../checkpoint/safetensors.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { parseJson } from '../json.ts'
import { writeWhole } from '../media/sink/files.ts'
import { orThrow } from '../or-throw.ts'
import { stateOfTensors, tensorsOfState, type TrainingState } from '../train/training-state.ts'
import { toSvg } from './plot-chart.ts'
import { csvOf } from './csv.ts'
import type { Curves } from './plot-curves.ts'

/** A line of `losses.csv`, or of `held-out.csv`. */
export interface LossRow {
  readonly step: number
  readonly loss: number
}

/** How a training has gone. */
export interface History {
  /** The mean over each batch. */
  readonly losses: readonly LossRow[]
  /** `L_simple` of the images that are not learned from, at checkpoints. */
  readonly heldOut: readonly LossRow[]
}

/** What a checkpoint was made with; another recipe does not go on from it. */
export type Recipe = Readonly<Record<string, string>>

const checkpointName = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`
const isCheckpoint = (name: string): boolean => /^step-\d{8,}\.safetensors$/.test(name)
const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const json = (value: unknown): Uint8Array => text(`${JSON.stringify(value, null, 2)}\n`)

/** The checkpoints of a folder, the earliest first; none where there is no folder yet. */
export const checkpointsIn = (out: string): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    fileKind(out),
    TE.filterOrElseW(
      (kind) => kind === 'folder' || kind === 'nothing',
      () => fail('FileUnwritable', { path: out, reason: 'it is a file, and a training needs a folder' }),
    ),
    TE.chainW(() => fileKind(join(out, 'checkpoints'))),
    TE.chainW((kind) => (kind === 'folder' ? listFolder(join(out, 'checkpoints')) : TE.right([]))),
    TE.map((names) =>
      names
        .filter(isCheckpoint)
        .toSorted()
        .map((name) => join(out, 'checkpoints', name)),
    ),
  )

/** The losses with a running mean, as people plot them. */
const curvesOf = ({ losses, heldOut }: History): Curves => {
  let running = losses[0]?.loss ?? 0
  const points = losses.map(({ step, loss }) => {
    running = 0.99 * running + 0.01 * loss
    return { curve: 'learned from', step, loss, running }
  })
  return {
    by: 'curve',
    x: { column: 'step', title: 'update' },
    panels: [
      { column: 'loss', title: 'loss of each batch', logarithmic: true },
      {
        column: 'running',
        title:
          heldOut.length === 0
            ? 'running mean (0.99)'
            : 'running mean (0.99), and L_simple of what is held out',
      },
    ],
    dotted: false,
    points: [
      ...points,
      ...heldOut.map(({ step, loss }) => ({ curve: 'held out', step, loss: NaN, running: loss })),
    ],
  }
}

/** What a training goes on from. */
export interface Restored extends History {
  readonly state: TrainingState
}

const readLosses = (path: string, until: number): TE.TaskEither<Failure, readonly LossRow[]> =>
  pipe(
    readText(path, 2 ** 28),
    TE.map((csv) =>
      csv
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',').map(Number))
        .map(([step = 0, loss = NaN]) => ({ step, loss }))
        .filter(({ step }) => step <= until),
    ),
  )

/**
 * Reads the last checkpoint of a folder.
 *
 * @param out - the folder
 * @param recipe - what it has to have been made with
 * @returns FileUnreadable where there is none, StateMismatch where the recipe is another
 */
export const restore = (out: string, recipe: Recipe): TE.TaskEither<Failure, Restored> =>
  pipe(
    checkpointsIn(out),
    TE.chainW((paths) => {
      const path = paths.at(-1)
      return path === undefined
        ? TE.left<Failure, string>(
            fail('FileUnreadable', { path: out, reason: 'there is no checkpoint in it to go on from' }),
          )
        : TE.right<Failure, string>(path)
    }),
    TE.chainW((path) =>
      pipe(
        readBytes(path),
        TE.chainEitherKW((bytes) => parseSafetensors(path, bytes)),
        TE.chainEitherKW(({ metadata, tensors }) => {
          const saved = parseJson(metadata['recipe'] ?? '{}')
          const made = E.isRight(saved) ? (saved.right as Recipe) : {}
          const other = Object.keys({ ...made, ...recipe }).find((key) => made[key] !== recipe[key])
          if (other !== undefined)
            return E.left<Failure>(
              fail('StateMismatch', {
                what: other,
                saved: made[other] ?? 'none',
                given: recipe[other] ?? 'none',
              }),
            )
          const numbers = { step: Number(metadata['step']), seed: Number(metadata['seed']) }
          return E.right(stateOfTensors(tensors as ReadonlyMap<string, Values>, numbers))
        }),
      ),
    ),
    TE.bindTo('state'),
    TE.bindW('losses', ({ state }) => readLosses(join(out, 'losses.csv'), state.step)),
    TE.bindW('heldOut', ({ state }) =>
      pipe(
        fileKind(join(out, 'held-out.csv')),
        TE.chainW((kind) =>
          kind === 'file' ? readLosses(join(out, 'held-out.csv'), state.step) : TE.right([]),
        ),
      ),
    ),
  )

/** What lies beside the weights. */
export interface ModelFiles {
  readonly config: unknown
  readonly scheduler: unknown
  /** `model.yaml`, where there is something to say. */
  readonly manifest?: string
}

const writeModel = async (
  folder: string,
  weights: TrainingState['ema'],
  { config, scheduler, manifest }: ModelFiles,
): Promise<void> => {
  const bytes = encodeSafetensors(
    new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }])),
    { format: 'pt' },
  )
  await orThrow(writeWhole(join(folder, 'diffusion_pytorch_model.safetensors'), bytes))
  await orThrow(writeWhole(join(folder, 'config.json'), json(config)))
  await orThrow(writeWhole(join(folder, 'scheduler_config.json'), json(scheduler)))
  if (manifest !== undefined) await orThrow(writeWhole(join(folder, 'model.yaml'), text(manifest)))
}

/**
 * Writes everything as it stands: the losses, the model, and last the checkpoint that says so; each file appears whole.
 *
 * @param out - the folder
 * @param keep - how many checkpoints stay
 * @param recipe - what the checkpoint is made with
 * @param files - what lies beside the weights
 * @returns rejects with FileUnwritable, and then the checkpoints that there were are still there
 */
export const keepTraining =
  (out: string, keep: number, recipe: Recipe, files: ModelFiles) =>
  async (state: TrainingState, history: History): Promise<string> => {
    const curves = curvesOf(history)
    const write = async (name: string, rows: readonly LossRow[]): Promise<void> => {
      const csv = csvOf(rows.map(({ step, loss }) => ({ step, loss })))
      await orThrow(writeWhole(join(out, name), text(csv)))
    }
    await write('losses.csv', history.losses)
    if (history.heldOut.length > 0) await write('held-out.csv', history.heldOut)
    await orThrow(writeWhole(join(out, 'loss.svg'), text(await toSvg(curves))))
    await writeModel(out, state.ema, files)
    await writeModel(join(out, 'raw'), state.parameters, files)
    const path = join(out, 'checkpoints', checkpointName(state.step))
    const bytes = encodeSafetensors(tensorsOfState(state), {
      step: String(state.step),
      seed: String(state.seed),
      recipe: JSON.stringify(recipe),
    })
    await orThrow(writeWhole(path, bytes))
    const old = (await orThrow(checkpointsIn(out))).slice(0, -keep)
    for (const gone of old) await rm(gone, { force: true })
    return path
  }
