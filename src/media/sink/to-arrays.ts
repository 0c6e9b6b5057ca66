/** Sinks: a run as numbers, all of it or its end, for NumPy, torch and whatever reads safetensors. */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { crc32 } from 'node:zlib'
import type { OperatorFunction } from 'rxjs'
import type { Shape, Values } from '../../algebra/algebra.ts'
import { toChannelsFirst } from '../../algebra/layout.ts'
import { sizeOf } from '../../algebra/shape.ts'
import { safetensorsHeader, type TensorPlace } from '../../checkpoint/encode-safetensors.ts'
import { fail } from '../../failure.ts'
import type { Frame, FrameField } from '../../stream/frame.ts'
import { everyNth } from '../../stream/operators/every-nth.ts'
import { lastSnapshot, snapshot, type Snapshot } from '../../stream/snapshot.ts'
import { float32Bytes, npyHeader } from '../format/npy.ts'
import { zipDirectory, type ZipEntry, zipHeader, zipLimit } from '../format/zip.ts'
import { checkOptions } from './check-options.ts'
import { endingIn } from './ending-in.ts'
import { type OpenFile, openFile, spoolPlace, type Written } from './files.ts'
import { sinkOf } from './sink.ts'

/** Which frames are kept, and what of them. */
export interface ToTrajectoryOptions {
  /** Default: x_t. A `.npy` holds the first of them alone. */
  readonly fields?: readonly FrameField[]
  /** Every how manieth frame is kept; the chain's last one always is. Default: 1, all of them. */
  readonly every?: number
  /** Keyword to text, in safetensors. Default: none. */
  readonly text?: Readonly<Record<string, string>>
}

/** Numbers that wait on the disk until their shape is known. */
interface Spool {
  readonly name: string
  readonly place: string
  readonly file: OpenFile
  shape: Shape
}

/** An array on its way into a file. */
interface Stored {
  readonly name: string
  readonly shape: Shape
  readonly bytes: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Adds an array to a file, after what comes before it; the answer is the checksum of both. */
const add = async (file: OpenFile, before: Uint8Array, { bytes }: Stored): Promise<number> => {
  await file.append(before)
  let crc = crc32(before)
  for await (const chunk of bytes()) {
    await file.append(chunk)
    crc = crc32(chunk, crc)
  }
  return crc
}

type Container = (
  path: string,
  file: OpenFile,
  arrays: readonly Stored[],
  text: Readonly<Record<string, string>>,
) => Promise<void>

const npy: Container = async (_, file, [array]) => {
  if (array !== undefined) await add(file, npyHeader(array.shape), array)
}

const npz: Container = async (path, file, arrays) => {
  const entries: Array<ZipEntry & { readonly at: number }> = []
  let at = 0
  for (const array of arrays) {
    const header = npyHeader(array.shape)
    const entry = { name: `${array.name}.npy`, size: header.length + 4 * sizeOf(array.shape) }
    const before = zipHeader({ ...entry, crc: 0 })
    if (at + before.length + entry.size > zipLimit)
      throw fail('FileUnwritable', { path, reason: 'a .npz holds 4 GB at most; .safetensors holds more' })
    await file.append(before)
    // the checksum is known when the bytes have gone by
    const crc = await add(file, header, array)
    await file.amend(zipHeader({ ...entry, crc }), at)
    entries.push({ ...entry, crc, at })
    at += before.length + entry.size
  }
  await file.append(zipDirectory(entries, at))
}

const safetensors: Container = async (_, file, arrays, text) => {
  let end = 0
  const places = arrays.map(({ name, shape }): readonly [string, TensorPlace] => {
    const begin = end
    end += 4 * sizeOf(shape)
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }]
  })
  await file.append(safetensorsHeader(places, text))
  for (const array of arrays) await add(file, new Uint8Array(), array)
}

const numbered = endingIn('an array', ['.npy', '.npz', '.safetensors'])

const containers: ReadonlyMap<string, Container> = new Map([
  ['.npy', npy],
  ['.npz', npz],
  ['.safetensors', safetensors],
])

type Copy = Snapshot<never> & Partial<Record<FrameField, Values>>

/** Spools what comes, and puts it together at the end. */
const arraysTo = (
  path: string,
  fields: readonly FrameField[],
  text: Readonly<Record<string, string>>,
  isTrajectory: boolean,
): OperatorFunction<Copy, Written> =>
  sinkOf(() => {
    const spools: Spool[] = []
    const levels: Array<{ readonly t: number; readonly alphaBar: number }> = []
    const spoolOf = async (name: string): Promise<Spool> => {
      const known = spools.find((spool) => spool.name === name)
      if (known !== undefined) return known
      const place = await spoolPlace(path)
      const spool = { name, place, file: await openFile(place, new Uint8Array(), path), shape: [] }
      spools.push(spool)
      return spool
    }
    const discard = async (): Promise<void> => {
      for (const { place, file } of spools.splice(0)) {
        await file.discard()
        await rm(place, { force: true })
      }
    }
    return {
      take: async (copy) => {
        for (const field of fields) {
          const values = copy[field]
          if (values === undefined) continue
          const { shape, data } = values.shape.length === 4 ? toChannelsFirst(values) : values
          const spool = await spoolOf(field)
          spool.shape = shape
          await spool.file.append(float32Bytes(data))
        }
        levels.push(copy.transition.to)
      },
      finish: async () => {
        const file = await openFile(path)
        try {
          const stored: Stored[] = []
          for (const { name, place, file: spooled, shape } of spools) {
            await spooled.commit()
            const bytes = () => createReadStream(place, { highWaterMark: 1 << 20 })
            stored.push({ name, shape: isTrajectory ? [levels.length, ...shape] : shape, bytes })
          }
          const along = (name: string, data: readonly number[]): Stored => ({
            name,
            shape: [levels.length],
            bytes: () => [float32Bytes(Float64Array.from(data))],
          })
          if (isTrajectory)
            stored.push(
              along(
                't',
                levels.map(({ t }) => t),
              ),
              along(
                'alpha_bar',
                levels.map(({ alphaBar }) => alphaBar),
              ),
            )
          await (containers.get(extname(path).toLowerCase()) ?? npy)(path, file, stored, text)
        } catch (error) {
          await file.discard()
          throw error
        }
        await discard()
        return file.commit(levels.length)
      },
      abandon: discard,
    }
  })

/**
 * Writes a run's frames as numbers, while it runs: `.npy` holds one array, `.npz` and `.safetensors` one for each field, and
 * `t` and `alpha_bar` of the levels that the steps led to.
 *
 *     frames         --a--b--c|
 *     toTrajectory   ----------(W|)
 *
 * @remarks
 * Arrays are float32, `[steps, rows, channels, height, width]` as torch has it. They wait on the disk beside the file until the
 * run has ended, so memory stays flat. However the run ends, what came is a whole file; see {@link sinkOf}.
 *
 * @param path - of the file: `.npy`, `.npz` or `.safetensors`; missing directories are made
 * @param options - which frames, and what of them
 * @returns one notice, when the file is there; errors with FileUnwritable, or as the frames do
 *
 * @example
 * ```ts
 * expect(toTrajectory('out/run.npz', { fields: ['xt', 'x0'] })).toBeTypeOf('function')
 * ```
 */
export const toTrajectory = <T>(
  path: string,
  { fields = ['xt'], every = 1, text = {} }: ToTrajectoryOptions = {},
): OperatorFunction<Frame<T>, Written> => {
  checkOptions('toTrajectory', { every })
  if (fields.length === 0)
    throw fail('OperatorInvalid', { operator: 'toTrajectory', reason: 'it has no fields to write' })
  const kept = extname(path).toLowerCase() === '.npy' ? fields.slice(0, 1) : fields
  const wanted = Object.fromEntries(kept.map((field) => [field, true]))
  const sink = arraysTo(path, kept, text, true)
  return numbered(path, (frames$) => frames$.pipe(everyNth(every), snapshot(wanted), sink))
}

/**
 * Writes the last x_t as numbers, `[rows, channels, height, width]`: an array `xt` in a `.npz` or `.safetensors`, the one of a `.npy`.
 *
 *     frames     --a--b--c|
 *     toArrays   ----------(W|)
 *
 * @param path - of the file: `.npy`, `.npz` or `.safetensors`; missing directories are made
 * @param text - keyword to text, in safetensors
 * @returns one notice, when the file is there; errors with FileUnwritable, or as the frames do
 *
 * @example
 * ```ts
 * expect(toArrays('out/samples.safetensors', { Software: 'rxdiffusion' })).toBeTypeOf('function')
 * ```
 */
export const toArrays = <T>(
  path: string,
  text: Readonly<Record<string, string>> = {},
): OperatorFunction<Frame<T>, Written> => {
  const sink = arraysTo(path, ['xt'], text, false)
  return numbered(path, (frames$) => frames$.pipe(lastSnapshot(), sink))
}
