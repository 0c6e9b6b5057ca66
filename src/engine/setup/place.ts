/**
 * Where what has been set up lies: outside any project, so that neither `npm ci` nor a second project costs another
 * download, and nobody's package.json changes.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What can be set up. */
export type Parts = 'tensorflow' | 'tensorflow-gpu'

/** The folder of everything that was set up; `RXDIFFUSION_HOME` names another. */
export const home = (env: Readonly<Record<string, string | undefined>> = process.env): string =>
  env['RXDIFFUSION_HOME'] ?? join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'rxdiffusion')

/** The package of npm whose native part is built. */
export const packageOf = (parts: Parts): string =>
  parts === 'tensorflow' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs-node-gpu'

/** The folder of that package in a folder that npm has filled. */
export const packageFolder = (folder: string, parts: Parts): string =>
  join(folder, 'node_modules', ...packageOf(parts).split('/'))

/** The file that says what lies in such a folder. */
export const recordFile = (folder: string): string => join(folder, 'setup.json')
