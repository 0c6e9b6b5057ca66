/**
 * What the benchmark and its rivals say to each other: one JSON object per line. Every rival lives in a process that
 * stays alive, and they are asked in turn.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Sample: `rows` images in `steps` steps of DDIM (η = 0, trailing, x̂₀ clipped and ε̂ derived again), `repeats` times. */
export interface SampleRequest {
  readonly kind: 'sample'
  readonly rival: string
  readonly rows: number
  readonly steps: number
  readonly repeats: number
  /** x_T, as {@link encodeFloats} writes it. */
  readonly start: string
  readonly labels: readonly number[]
}

/** How long each repetition took, and the images of the last. */
export interface SampleAnswer {
  readonly ms: readonly number[]
  readonly end: string
}

/** Take `steps` steps with a network that answers at once. */
export interface NullRequest {
  readonly kind: 'null'
  readonly rival: NullRival
  readonly steps: number
}

/** Who takes steps without a network. */
export type NullRival = 'tfjs' | 'numbers' | 'hand'

/** The time of each step. */
export interface NullAnswer {
  readonly us: readonly number[]
}

/** Multiply two square matrices on onnxruntime. */
export interface ProductRequest {
  readonly kind: 'product'
  readonly size: number
  readonly repeats: number
}

/** How long each product took. */
export interface ProductAnswer {
  readonly ms: readonly number[]
}

/** Make `updates` updates: AdamW with clipping, and an average, from the weights that the rival was started with. */
export interface TrainRequest {
  readonly kind: 'train'
  readonly rival: string
  readonly updates: number
  /** What all of ours is drawn by. */
  readonly seed: number
  /** The batch, as {@link encodeFloats} writes it, and its classes. */
  readonly images: string
  readonly labels: readonly number[]
  /** What ours draws for the first update, so that others make the same one. */
  readonly noise: string
  readonly t: readonly number[]
}

/** How long each update took but the first, and the loss of each. */
export interface TrainAnswer {
  readonly ms: readonly number[]
  readonly losses: readonly number[]
}

/** Call the network once, with `rows` rows, and say where the time goes. */
export interface KernelsRequest {
  readonly kind: 'kernels'
  readonly rows: number
  readonly labels: readonly number[]
}

/** All the calls of one kernel. */
export interface KernelTime {
  readonly name: string
  readonly calls: number
  readonly ms: number
}

/** The kernels of one call of the network, the dearest first. */
export interface KernelsAnswer {
  readonly kernels: readonly KernelTime[]
}

/** What a rival can be asked. */
export type Request = SampleRequest | NullRequest | ProductRequest | TrainRequest | KernelsRequest

/** The first thing that a rival says. */
export interface Greeting {
  readonly about: string
  /** Floating point operations of one call of the network with one row. */
  readonly flops?: number
}

/** A rival's process. */
export interface Rival {
  readonly greeting: Promise<Greeting>
  readonly sample: (request: SampleRequest) => Promise<SampleAnswer>
  readonly steps: (request: NullRequest) => Promise<NullAnswer>
  readonly product: (request: ProductRequest) => Promise<ProductAnswer>
  readonly train: (request: TrainRequest) => Promise<TrainAnswer>
  readonly kernels: (request: KernelsRequest) => Promise<KernelsAnswer>
  readonly close: () => void
}

/** The line that says what went wrong, among all that a program says when it dies. */
const lastError = (complaints: string): string => {
  const lines = complaints.split('\n').filter((line) => line.trim() !== '')
  return lines.findLast((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines.at(-1) ?? 'it ended'
}

/**
 * Starts a rival.
 *
 * @param command - its program
 * @param args - what the program is given
 * @param env - variables of its environment, besides ours
 */
export const startRival = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Rival => {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const waiting: Array<{ resolve: (answer: never) => void; reject: (error: Error) => void }> = []
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000)
  })
  const stop = (reason: string): void => {
    for (const { reject } of waiting.splice(0)) reject(new Error(reason))
  }
  child.on('error', (error) => stop(error.message))
  child.on('close', () => stop(lastError(complaints)))
  // whoever still asks learns of it by 'close'
  child.stdin.on('error', () => undefined)
  createInterface(child.stdout).on('line', (line) => {
    const answer = JSON.parse(line) as { readonly error?: string }
    const asked = waiting.shift()
    if (answer.error === undefined) asked?.resolve(answer as never)
    else asked?.reject(new Error(answer.error))
  })
  const hear = <A>(): Promise<A> =>
    new Promise<A>((resolve, reject) => {
      waiting.push({ resolve, reject })
    })
  const ask = <A>(request: Request): Promise<A> => {
    const answer = hear<A>()
    child.stdin.write(`${JSON.stringify(request)}\n`)
    return answer
  }
  return {
    greeting: hear(),
    sample: ask,
    steps: ask,
    product: ask,
    train: ask,
    kernels: ask,
    close: () => child.stdin.end(),
  }
}

/** Floats as text that JSON can carry. */
export const encodeFloats = (data: Float32Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

/** The floats of {@link encodeFloats}. */
export const decodeFloats = (text: string): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)
