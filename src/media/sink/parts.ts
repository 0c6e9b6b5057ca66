/** The files in the making of this process, for whoever has to end it at once (Node only). */
import { rmSync } from 'node:fs'

const making = new Set<string>()

/** Remembers a file in the making. */
export const begun = (place: string): string => {
  making.add(place)
  return place
}

/** Forgets one that is there, or gone. */
export const ended = (place: string): void => {
  making.delete(place)
}

/** Removes all files in the making. Whoever still writes one has its bytes go nowhere. */
export const discardParts = (): void => {
  for (const place of making) rmSync(place, { force: true })
  making.clear()
}
