/**
 * Whether a machine shows a GPU at all: those who look closer say on stderr that they have found none.
 */
import { existsSync, readdirSync } from 'node:fs'

/** Where the environment names drivers for Vulkan. */
const drivers = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES']

/** A driver that the environment names, or a device file; other systems than Linux always have one. */
export const isGpuSeen = (): boolean =>
  process.platform !== 'linux' ||
  drivers.some((name) => (process.env[name] ?? '') !== '') ||
  ['/dev/nvidia0', '/dev/dxg'].some((file) => existsSync(file)) ||
  (existsSync('/dev/dri') && readdirSync('/dev/dri').some((file) => file.startsWith('render')))

/** Why nothing is to be looked for where none is seen. */
export const noGpuSeen = 'this machine shows no GPU; where it has one, install its driver'
