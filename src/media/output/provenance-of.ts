/** How a file was made, read from the file or from the one beside it (Node only). */
import { join } from 'node:path'
import { fileKind, listFolder, readBytes, unreadable, withFile } from '../../checkpoint/read-file.ts'
import { openSafetensors } from '../../checkpoint/safetensors-file.ts'
import { fail, type FailureOf } from '../../failure.ts'
import { E, O, pipe, TE } from '../../fp.ts'
import { isRecord, parseJson } from '../../json.ts'
import { gifComment } from '../format/gif-comment.ts'
import { pngText } from '../format/png-text.ts'
import { isProvenance, type Provenance, provenanceKey, sidecarOf } from './provenance.ts'

type Unreadable = FailureOf<'FileUnreadable'>

/** The most of a file that is looked at. */
const limits = { picture: 2 ** 30, sidecar: 2 ** 24, end: 2 ** 22 }

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()

const fromJson = (json: string): O.Option<Provenance> =>
  pipe(
    O.fromEither(parseJson(json)),
    O.map((value) => (isRecord(value) && provenanceKey in value ? value[provenanceKey] : value)),
    O.filter(isProvenance),
  )

/** Where the JSON object ends that begins a text; its braces may stand in strings. */
const endOfObject = (json: string): number => {
  let [depth, quoted] = [0, false]
  for (let at = 0; at < json.length; at += 1) {
    const letter = json[at]
    if (quoted) {
      if (letter === '\\') at += 1
      else if (letter === '"') quoted = false
    } else if (letter === '"') quoted = true
    else if (letter === '{') depth += 1
    else if (letter === '}') {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return 0
}

/** The line that films keep as a comment, wherever their format has put it. */
const fromLine = (bytes: Uint8Array): O.Option<Provenance> => {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = found.indexOf(`{"${provenanceKey}":`)
  if (at < 0) return O.none
  const line = found.toString('latin1', at)
  return fromJson(line.slice(0, endOfObject(line)))
}

const fromPage = (bytes: Uint8Array): O.Option<Provenance> =>
  pipe(
    O.fromNullable(
      new RegExp(`<script type="application/json" id="${provenanceKey}">(.*?)</script>`, 's').exec(
        text(bytes),
      )?.[1],
    ),
    O.chain(fromJson),
  )

type Reading = TE.TaskEither<Unreadable, O.Option<Provenance>>
type Reader = (path: string) => Reading

const whole =
  (most: number, read: (bytes: Uint8Array) => O.Option<Provenance>): Reader =>
  (path) =>
    pipe(readBytes(path, most), TE.map(read))

/** The beginning and the end: a film's comment stands before or after its pictures. */
const ends: Reader = (path) =>
  withFile<Unreadable, O.Option<Provenance>>(path, (file) =>
    pipe(
      file.read(0, limits.end),
      TE.map(fromLine),
      TE.chain((found) =>
        O.isSome(found) || file.size <= limits.end
          ? TE.right(found)
          : pipe(file.read(Math.max(0, file.size - limits.end), limits.end), TE.map(fromLine)),
      ),
    ),
  )

const readers: ReadonlyArray<readonly [endings: RegExp, reader: Reader]> = [
  [
    /\.a?png$/i,
    whole(limits.picture, (bytes) =>
      pipe(
        pngText(bytes),
        O.chain(({ [provenanceKey]: json = '' }) => fromJson(json)),
      ),
    ),
  ],
  [/\.gif$/i, whole(limits.picture, (bytes) => pipe(gifComment(bytes), O.chain(fromJson)))],
  [/\.html$/i, whole(limits.picture, fromPage)],
  [/\.json$/i, whole(limits.sidecar, (bytes) => fromJson(text(bytes)))],
  [
    /\.safetensors$/i,
    (path) =>
      pipe(
        openSafetensors(path),
        TE.map(({ metadata }) => fromJson(metadata[provenanceKey] ?? '')),
        TE.orElse(({ message }) => TE.left(unreadable(path)(new Error(message)))),
      ),
  ],
  [/\.(mp4|webm|mkv)$/i, ends],
]

const ownOf: Reader = (path) =>
  readers.find(([endings]) => endings.test(path))?.[1](path) ??
  pipe(
    withFile<Unreadable, unknown>(path, () => TE.right(undefined)),
    TE.map(() => O.none),
  )

const besideOf: Reader = (path) =>
  pipe(
    fileKind(sidecarOf(path)),
    TE.chain((kind) =>
      kind === 'file'
        ? whole(limits.sidecar, (bytes) => fromJson(text(bytes)))(sidecarOf(path))
        : TE.right(O.none),
    ),
  )

/**
 * How a file was made that this project has written: read from the file, or from the `.json` beside it.
 *
 * @param path - of a picture, a film, a page, numbers, or a folder of pictures
 * @returns what was settled, and what the command line is to be told to make it again; FileUnreadable where there is no such file, or it
 *   does not say
 *
 * @example
 * ```ts
 * const provenance = await provenanceOf('no/such/grid.png')()
 * expect(provenance).toMatchObject(E.left({ message: "no/such/grid.png can't be read: it does not exist." }))
 * ```
 */
export const provenanceOf = (path: string): TE.TaskEither<Unreadable, Provenance> =>
  pipe(
    fileKind(path),
    TE.chain((kind): TE.TaskEither<Unreadable, string> =>
      kind !== 'folder'
        ? TE.right(path)
        : pipe(
            listFolder(path),
            TE.map((names) => {
              const first = names.find((name) => /\.png$/i.test(name))
              return first === undefined ? path : join(path, first)
            }),
          ),
    ),
    TE.chain((file) =>
      pipe(
        ownOf(file),
        TE.chain((own) => (O.isSome(own) ? TE.right(own) : besideOf(file))),
      ),
    ),
    TE.chainEitherK(
      E.fromOption(() => fail('FileUnreadable', { path, reason: 'it does not say how it was made' })),
    ),
  )
