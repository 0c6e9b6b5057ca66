/**
 * Which engines exist on this machine, and choosing one.
 */
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { nearest } from '../nearest.ts'
import { type Engine, type EngineName, engineNames } from './engine.ts'
import { reasonOf } from './reason.ts'

/** Each engine is loaded when it is asked for, and not before: some are large, some are optional. */
const start: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  onnx: async () => (await import('./onnx-engine.ts')).onnxEngine(),
  'tensorflow-gpu': async () => (await import('./tensorflow-engine.ts')).tensorflowEngine('tensorflow-gpu'),
  tensorflow: async () => (await import('./tensorflow-engine.ts')).tensorflowEngine('tensorflow'),
  wasm: async () => (await import('./tfjs-engine.ts')).wasmEngine(),
  cpu: async () => (await import('./tfjs-engine.ts')).cpuEngine(),
}

/**
 * Starts one engine.
 *
 * @param name - which
 * @returns the engine, or EngineUnavailable with the reason
 *
 * @example
 * ```ts
 * const engine = await openEngine('cpu')()
 * expect(engine).toMatchObject(E.right({ name: 'cpu' }))
 * ```
 */
export const openEngine = (name: EngineName): TE.TaskEither<Failure, Engine> =>
  TE.tryCatch(start[name], (error) => fail('EngineUnavailable', { engine: name, reason: reasonOf(error) }))

/**
 * Starts the engine of that name, or with `auto` the first of {@link engineNames} that starts.
 *
 * @param name - as people type it
 * @returns the engine; or EngineUnknown, or EngineUnavailable with the reason
 *
 * @example
 * ```ts
 * expect(await chooseEngine('gpu')()).toMatchObject(E.left({ _tag: 'EngineUnknown' }))
 * ```
 */
export const chooseEngine = (name: string): TE.TaskEither<Failure, Engine> => {
  if (name === 'auto')
    return engineNames.map(openEngine).reduce((sofar, next) =>
      pipe(
        sofar,
        TE.orElse(() => next),
      ),
    )
  const known = engineNames.find((engine) => engine === name)
  return known === undefined
    ? TE.left(
        fail('EngineUnknown', {
          engine: name,
          known: ['auto', ...engineNames],
          nearest: nearest(['auto', ...engineNames])(name),
        }),
      )
    : openEngine(known)
}

/** What is known of one engine on this machine. */
export interface Diagnosis {
  readonly engine: EngineName
  /** What would run; or why nothing does. */
  readonly found: E.Either<string, string>
}

/**
 * Tries every engine, in the order of preference.
 *
 * @example
 * ```ts
 * const diagnoses = await diagnose()
 * expect(diagnoses.find(({ engine }) => engine === 'cpu')?.found._tag).toBe('Right')
 * ```
 */
export const diagnose = async (): Promise<readonly Diagnosis[]> => {
  const diagnoses: Diagnosis[] = []
  // one after the other: tfjs has one backend at a time
  for (const engine of engineNames)
    diagnoses.push({
      engine,
      found: pipe(
        await openEngine(engine)(),
        E.bimap(
          (failure) => ('reason' in failure ? failure.reason : failure.message),
          ({ about }) => about,
        ),
      ),
    })
  return diagnoses
}
