/** ZIP archives of files that are stored as they are, as NumPy's `.npz` has them. */

/** A file in an archive. */
export interface ZipEntry {
  readonly name: string
  /** CRC-32 of its bytes. */
  readonly crc: number
  /** How many bytes it has; with all that comes before it less than 4 GiB. */
  readonly size: number
}

/**
 * The most bytes that an archive has.
 *
 * @example
 * ```ts
 * expect(zipLimit).toBe(2 ** 32 - 1)
 * ```
 */
export const zipLimit: number = 2 ** 32 - 1

/** What the header before a file and its entry in the directory have in common: from the version needed to the name's length. */
const common = ({ name, crc, size }: ZipEntry): Uint8Array => {
  const bytes = new Uint8Array(26)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 20, true)
  // names are UTF-8; the date is the first that there is, so that the same run makes the same file
  view.setUint16(2, 0x0800, true)
  view.setUint16(8, 0x21, true)
  view.setUint32(10, crc, true)
  view.setUint32(14, size, true)
  view.setUint32(18, size, true)
  view.setUint16(22, new TextEncoder().encode(name).length, true)
  return bytes
}

/**
 * What comes before a file's bytes.
 *
 * @example
 * ```ts
 * expect(zipHeader({ name: 'x', crc: 0, size: 0 })).toHaveLength(30 + 1)
 * ```
 */
export const zipHeader = (entry: ZipEntry): Uint8Array =>
  Uint8Array.from([0x50, 0x4b, 3, 4, ...common(entry), ...new TextEncoder().encode(entry.name)])

/**
 * What comes after the last file.
 *
 * @param entries - with where the header of each begins
 * @param at - where this begins
 *
 * @example
 * ```ts
 * expect(zipDirectory([], 0)).toHaveLength(22)
 * ```
 */
export const zipDirectory = (
  entries: ReadonlyArray<ZipEntry & { readonly at: number }>,
  at: number,
): Uint8Array => {
  const directory = entries.flatMap((entry) => {
    const rest = new Uint8Array(14)
    new DataView(rest.buffer).setUint32(10, entry.at, true)
    return [0x50, 0x4b, 1, 2, 20, 0, ...common(entry), ...rest, ...new TextEncoder().encode(entry.name)]
  })
  const end = new Uint8Array(22)
  const view = new DataView(end.buffer)
  end.set([0x50, 0x4b, 5, 6])
  view.setUint16(8, entries.length, true)
  view.setUint16(10, entries.length, true)
  view.setUint32(12, directory.length, true)
  view.setUint32(16, at, true)
  return Uint8Array.from([...directory, ...end])
}
