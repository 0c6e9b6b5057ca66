/**
 * Which engines exist on this machine, and choosing one.
 */
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { nearest } from '../nearest.ts'
import { autoEngines, type Engine, type EngineName, engineNames } from './engine.ts'
import type { OnnxChoice } from './onnx-engine.ts'
import { sayingOutOfMemory } from './out-of-memory.ts'
import { reasonOf } from './reason.ts'

const onnx =
  (...choice: OnnxChoice) =>
  async (): Promise<Engine> =>
    (await import('./onnx-engine.ts')).onnxEngine(...choice)

/** Each engine is loaded when it is asked for, and not before: some are large, some are optional. */
const start: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  onnx: onnx('cpu', 'single'),
  webgpu: async () => (await import('./webgpu-engine.ts')).webgpuEngine('webgpu'),
  'webgpu:software': async () => (await import('./webgpu-engine.ts')).webgpuEngine('webgpu:software'),
  'onnx:cuda': onnx('cuda', 'single'),
  'onnx:webgpu': onnx('webgpu', 'single'),
  'onnx:coreml': onnx('coreml', 'single'),
  'onnx:dml': onnx('dml', 'single'),
  'onnx:half': onnx('cpu', 'half'),
  'onnx:cuda:half': onnx('cuda', 'half'),
  'onnx:webgpu:half': onnx('webgpu', 'half'),
  'onnx:dml:half': onnx('dml', 'half'),
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
  pipe(
    TE.tryCatch(start[name], (error) => fail('EngineUnavailable', { engine: name, reason: reasonOf(error) })),
    TE.map(sayingOutOfMemory),
  )

/** The first that starts, which says whom it stands in for: an engine that is not set up is no surprise, one that fails is. */
const firstOf = ([name, ...others]: readonly EngineName[]): TE.TaskEither<Failure, Engine> => {
  const first = openEngine(name ?? 'cpu')
  return others.length === 0
    ? first
    : pipe(
        first,
        TE.orElse((failure) =>
          pipe(
            firstOf(others),
            TE.map((engine): Engine => ({ ...engine, insteadOf: [failure, ...(engine.insteadOf ?? [])] })),
          ),
        ),
      )
}

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
  if (name === 'auto') return firstOf(autoEngines)
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
  /** What was measured of it. */
  readonly measured?: string | undefined
}

/**
 * Tries every engine, in the order of preference.
 *
 * @param measure - says something of an engine while it is the current one
 *
 * @example
 * ```ts
 * const diagnoses = await diagnose()
 * expect(diagnoses.find(({ engine }) => engine === 'cpu')?.found._tag).toBe('Right')
 * ```
 */
export const diagnose = async (
  measure: (engine: Engine) => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<readonly Diagnosis[]> => {
  const diagnoses: Diagnosis[] = []
  // one after the other: tfjs has one backend at a time
  for (const name of engineNames) {
    const opened = await openEngine(name)()
    diagnoses.push(
      E.isLeft(opened)
        ? {
            engine: name,
            found: E.left('reason' in opened.left ? opened.left.reason : opened.left.message),
          }
        : {
            engine: name,
            found: E.right([opened.right.about, opened.right.limits ?? []].flat().join(', ')),
            measured: await measure(opened.right),
          },
    )
  }
  return diagnoses
}
