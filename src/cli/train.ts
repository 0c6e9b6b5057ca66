/**
 * `rxdiffusion train`: from images to a model that `sample --model` takes.
 */
import { join } from 'node:path'
import { concatMap, lastValueFrom, map, range, takeWhile, tap, toArray } from 'rxjs'
import { batches, soundImages, splitImages } from '../data/batches.ts'
import { imageBatches, type ImageSource, takeImages } from '../data/image-source.ts'
import { openImages } from '../data/open-images.ts'
import { ddim } from '../diffusion/rule.ts'
import { trailing } from '../diffusion/spacing.ts'
import type { Engine } from '../engine/engine.ts'
import { chooseEngine, openEngine } from '../engine/engines.ts'
import { fail, type Failure, render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { many } from '../many.ts'
import { encodePng } from '../media/format/png.ts'
import { grid } from '../media/picture/grid.ts'
import { writeWhole } from '../media/sink/files.ts'
import { tensorDenoiser } from '../model/tensor-denoiser.ts'
import { philox } from '../noise/philox.ts'
import { orThrow } from '../or-throw.ts'
import { denoise } from '../stream/denoise.ts'
import { respace } from '../stream/respace.ts'
import { settled } from '../stream/settled.ts'
import { snapshot } from '../stream/snapshot.ts'
import { heldOutLoss } from '../train/held-out.ts'
import { type Learning, networkOnTensors } from '../train/learning.ts'
import { train, type TrainEvent } from '../train/train.ts'
import { readNumber, readPath } from './flags.ts'
import { filesOf, learningOf, networkOf, rawConfigOf, recipeOf, withClasses } from './train-recipe.ts'
import { readTrainSettings, type TrainFile, type TrainSettings } from './train-settings.ts'
import {
  checkpointsIn,
  keepTraining,
  type LossRow,
  type ModelFiles,
  type Recipe,
  restore,
  type Restored,
} from './training-folder.ts'
import { exitCode } from './exit-code.ts'
import { refuse } from './refuse.ts'
import { draw, WIPE } from './terminal.ts'
import type { Context } from './write-run.ts'

/** The flags as the command line has them. */
export interface TrainFlags {
  readonly data?: string
  readonly out?: string
  readonly config?: string
  readonly resume?: boolean
  readonly resize?: boolean
  readonly steps?: string
  readonly batch?: string
  readonly seed?: string
  readonly engine: string
}

const needed = (flag: string, value: string | undefined): E.Either<Failure, string> =>
  value === undefined ? E.left(fail('Usage', { reason: `${flag} is needed` })) : readPath(flag)(value)

/** The flags that go before the file's settings. */
const readSaid = (flags: TrainFlags): E.Either<Failure, TrainFile> =>
  pipe(
    Object.entries({ steps: 1, batch: 1, seed: 0 } as const),
    E.traverseArray(([name, least]) => {
      const value = flags[name as 'steps' | 'batch' | 'seed']
      return value === undefined
        ? E.right<Failure, ReadonlyArray<readonly [string, number]>>([])
        : pipe(
            readNumber(`--${name}`, { whole: true, least })(value),
            E.map((number) => [[name, number] as const]),
          )
    }),
    E.map((said) => Object.fromEntries(said.flat())),
  )

/** The engines that can train, the fastest first. */
const trainers = ['tensorflow-gpu', 'tensorflow', 'wasm', 'cpu'] as const

const openTrainer = (name: string): TE.TaskEither<Failure, Engine> =>
  name === 'onnx'
    ? TE.left(
        fail('Usage', {
          reason: `--engine onnx can't train; ${trainers.join(', ')} can, where they are installed`,
        }),
      )
    : name === 'auto'
      ? trainers.map(openEngine).reduce((sofar, next) =>
          pipe(
            sofar,
            TE.orElse(() => next),
          ),
        )
      : chooseEngine(name)

interface Prepared {
  readonly settings: TrainSettings
  readonly engine: Engine
  readonly source: ImageSource
  /** The images that are held out, of which there may be more than are looked at. */
  readonly heldOut: ImageSource
  readonly skipped: readonly Failure[]
  readonly learning: Learning
  readonly files: ModelFiles
  readonly recipe: Recipe
  readonly out: string
  readonly start: Restored | undefined
}

const prepare = (flags: TrainFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    TE.Do,
    TE.bindW('data', () => TE.fromEither(needed('--data', flags.data))),
    TE.bindW('out', () => TE.fromEither(needed('--out', flags.out))),
    TE.bindW('said', () => TE.fromEither(readSaid(flags))),
    TE.bindW('settings', ({ said }) => readTrainSettings(flags.config, said)),
    TE.bindW('config', ({ settings }) => rawConfigOf(settings)),
    TE.let('decoded', ({ settings }) => networkOf(flags.config ?? 'config.json', settings)),
    TE.bindW('checked', ({ config, decoded }) => TE.fromEither(decoded(config))),
    TE.bindW('opened', ({ data, checked }) =>
      openImages(data, {
        shape: [...checked.sample_size, checked.in_channels],
        resize: flags.resize ?? false,
      }),
    ),
    TE.bindW('sound', ({ opened, settings }) =>
      pipe(
        TE.fromTask(soundImages(opened)),
        TE.filterOrElseW(
          ({ unsound }) => unsound.length === 0 || settings.damaged === 'skip',
          ({ unsound: [first] }) => first!,
        ),
        TE.filterOrElseW(
          ({ source }) => source.count > 0,
          ({ source: { name } }) =>
            fail('FileUnreadable', { path: name, reason: 'none of its images can be read' }),
        ),
      ),
    ),
    TE.bindW('named', ({ config, settings, sound: { source } }) =>
      TE.fromEither(withClasses(config, settings, source)),
    ),
    TE.bindW('network', ({ named: { config }, decoded }) => TE.fromEither(decoded(config))),
    TE.bindW('parts', ({ sound: { source }, settings: { holdOut, seed } }) =>
      TE.right(splitImages(holdOut, seed)(source)),
    ),
    TE.bindW('recipe', ({ settings, named: { config }, parts: { learned } }) =>
      TE.right(recipeOf(settings, config, learned)),
    ),
    TE.bindW('start', ({ out, recipe }): TE.TaskEither<Failure, Restored | undefined> =>
      flags.resume === true
        ? restore(out, recipe)
        : pipe(
            checkpointsIn(out),
            TE.chainW((found) =>
              found.length === 0
                ? TE.right(undefined)
                : TE.left(
                    fail('Usage', { reason: `${out} holds a training already; --resume goes on with it` }),
                  ),
            ),
          ),
    ),
    TE.bindW('engine', () => openTrainer(flags.engine)),
    TE.map(({ settings, engine, parts, sound, network, named: { config, labels }, recipe, out, start }) => ({
      settings,
      engine,
      source: parts.heldOut.count === 0 ? sound.source : parts.learned,
      heldOut: parts.heldOut,
      skipped: sound.unsound,
      learning: learningOf(settings, network, labels),
      files: filesOf(settings, config, labels),
      recipe,
      out,
      start,
    })),
  )

/** Sixteen samples of the average as it stands. */
const sampleGrid = async ({ learning }: Prepared, event: TrainEvent, path: string): Promise<void> => {
  const { description, architecture, seed } = learning
  const model = tensorDenoiser(networkOnTensors(architecture, event.ema), description)
  const classes = description.labels
  const known = classes === undefined ? 0 : (classes.unconditional ?? classes.count)
  const rows = Math.max(10, Math.min(16, known))
  const frames$ = respace(description.schedule, trailing(20)).pipe(
    denoise({
      model,
      rule: ddim(),
      noise: philox({ seed }),
      batch: rows,
      ...(known === 0 ? {} : { condition: { labels: Array.from({ length: rows }, (_, i) => i % known) } }),
    }),
  )
  const { xt } = await lastValueFrom(frames$.pipe(snapshot({ xt: true })))
  await settled(frames$)
  await orThrow(writeWhole(path, encodePng()(grid({ title: `after ${many(event.step, 'update')}` })(xt))))
}

/** No more of the held out images are looked at than this: they take as long as they teach. */
const MOST_HELD_OUT = 1024

/** `L_simple` of what is held out, with the average as it stands. */
const heldOutMean = async (
  { learning, heldOut, settings: { batch } }: Prepared,
  event: TrainEvent,
): Promise<number> => {
  const loss = heldOutLoss(learning)
  const each = await lastValueFrom(
    imageBatches(batch)(takeImages(MOST_HELD_OUT)(heldOut)).pipe(
      concatMap(({ images, labels, first }) =>
        loss(event.ema, labels === undefined ? { images } : { images, labels }, first),
      ),
      toArray(),
    ),
  )
  const all = each.flat()
  return all.reduce((sum, one) => sum + one, 0) / all.length
}

const clock = (seconds: number): string =>
  seconds < 100 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`

const perform = async (prepared: Prepared, { terminal, signal, quiet }: Context): Promise<number> => {
  const { settings, learning, source, engine, out, start, heldOut } = prepared
  const { steps, batch, seed, flip, crop, checkpointEvery, keep, sampleEvery } = settings
  const say = (words: string): void => {
    if (quiet !== true) terminal.write(words)
  }
  const drawn = (words: string): void => {
    if (quiet !== true) draw(terminal)(words)
  }
  for (const failure of prepared.skipped) terminal.write(`left out: ${render(failure)}\n`)
  const first = start?.state.step ?? 0
  say(
    `${many(source.count, 'image')} of ${source.name}${heldOut.count === 0 ? '' : `, ${String(heldOut.count)} held out`}; ` +
      `${many(steps - first, 'update')} of ${String(batch)}, from ${first === 0 ? 'random weights' : `update ${String(first)}`}, ${engine.name}\n`,
  )
  const losses: LossRow[] = [...(start?.losses ?? [])]
  const heldOutLosses: LossRow[] = [...(start?.heldOut ?? [])]
  const keepNow = keepTraining(out, keep, prepared.recipe, prepared.files)
  let kept: string | undefined
  let running = losses.reduce<number | undefined>(
    (mean, { loss }) => (mean === undefined ? loss : 0.99 * mean + 0.01 * loss),
    undefined,
  )
  const begun = performance.now()
  const tell = ({ step, loss, rows }: TrainEvent): void => {
    running = running === undefined ? loss : 0.99 * running + 0.01 * loss
    const seconds = (performance.now() - begun) / 1000
    const done = step - first
    const left = clock((seconds / done) * (steps - step))
    const line = `update ${String(step)} of ${String(steps)}, loss ${loss.toFixed(4)} (mean ${running.toFixed(4)}), ${((done * rows) / seconds).toFixed(1)} images/s, ${left} left`
    if (terminal.isTTY === true) drawn(`${WIPE}${line}`)
    else if (step === first + 1 || step === steps || step % Math.max(1, Math.round(steps / 20)) === 0)
      say(`${line}\n`)
  }
  const read = batches({ seed, size: batch, flip, crop })(source)
  const events$ = range(first, steps - first).pipe(
    map((k) => read(k)),
    train({ ...learning, inFlight: 1, ...(start === undefined ? {} : { start: start.state }) }),
  )
  let working: Promise<void> | undefined
  const work = async (event: TrainEvent): Promise<void> => {
    const last = event.step === steps
    if (last || event.step % sampleEvery === 0)
      await sampleGrid(
        prepared,
        event,
        join(out, 'samples', `step-${String(event.step).padStart(8, '0')}.png`),
      )
    if (heldOut.count > 0 && (last || event.step % checkpointEvery === 0)) {
      const loss = await heldOutMean(prepared, event)
      heldOutLosses.push({ step: event.step, loss })
      if (terminal.isTTY === true) drawn(WIPE)
      say(`update ${String(event.step)}: L_simple of what is held out ${loss.toFixed(4)}\n`)
    }
    if (last || signal.aborted || event.step % checkpointEvery === 0)
      kept = await keepNow(await event.save(), { losses, heldOut: heldOutLosses })
  }
  try {
    await lastValueFrom(
      events$.pipe(
        tap((event) => {
          losses.push({ step: event.step, loss: event.loss })
          tell(event)
          // an update that was not the last is awaited by the run, and the last also when it was interrupted
          working = work(event)
          event.waitUntil(working)
        }),
        takeWhile(({ step }) => step < steps && !signal.aborted, true),
      ),
      { defaultValue: undefined },
    )
    await settled(events$)
    await working
  } catch (error) {
    if (terminal.isTTY === true) say('\n')
    terminal.write(`${render(error)}\n`)
    if (kept !== undefined) terminal.write(`The last good checkpoint is ${kept}; --resume goes on from it.\n`)
    return exitCode.failed
  } finally {
    await settled(events$)
  }
  if (terminal.isTTY === true) say('\n')
  if (signal.aborted && (losses.at(-1)?.step ?? 0) < steps) {
    terminal.write(`Interrupted: ${kept ?? 'nothing'} is kept, and --resume goes on from it.\n`)
    return exitCode.interrupted
  }
  say(`wrote ${out}: sample it with rxdiffusion sample --model ${out}\n`)
  return exitCode.ok
}

/**
 * Trains, and says how it goes.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const trainCommand = async (flags: TrainFlags, context: Context): Promise<number> => {
  const prepared = await prepare(flags)()
  return E.isRight(prepared) ? perform(prepared.right, context) : refuse(context, prepared.left)
}
