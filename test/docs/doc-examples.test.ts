import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const tree = mkdtempSync(join(tmpdir(), 'docs-'))

afterAll(() => {
  rmSync(tree, { recursive: true })
})

const files = {
  'package.json': '{ "type": "module" }',
  'tsconfig.json': JSON.stringify({
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      paths: { rxdiffusion: [join(tree, 'src/index.ts')] },
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: ['src'],
  }),
  'src/fp.ts': `export { pipe } from 'fp-ts/lib/function.js'\n`,
  'src/node.ts': `export * from './index.ts'\n`,
  'src/index.ts': `import { of } from 'rxjs'
import { hidden } from './hidden.ts'

/**
 * Twice.
 *
 * @example
 * \`\`\`ts
 * const y: Num = pipe(3, twice)
 * expect(y).toBe(6)
 * of(y).subscribe()
 * \`\`\`
 */
export const twice = (x: number): number => 2 * x + hidden
/** A number. */
export type Num = number
/** Shown, but wrongly.
 * @example
 * \`\`\`ts
 * const text: string = wrong
 * expect(hidden).toBe(0)
 * \`\`\`
 */
export const wrong = 1
/** @example
 * \`\`\`ts
 * expect(mute).toBe(of)
 * \`\`\`
 */
export const mute: unknown = of
/** Described, and no more. */
export const alone = 3
export const bare = 4
`,
  'src/hidden.ts': `/** @example
 * \`\`\`ts
 * expect(hidden + twice(0)).toBe(0)
 * \`\`\`
 */
export const hidden = 0
`,
  'README.md': `# A page

\`\`\`ts
import { twice } from 'rxdiffusion'
expect(twice(1)).toBe(2)
\`\`\`

\`\`\`ts no-run
twice(1)
\`\`\`

\`\`\`sh
npm test
\`\`\`
`,
}

for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(tree, name)), { recursive: true })
  writeFileSync(join(tree, name), text)
}
symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
const { stderr, status } = spawnSync(process.execPath, [join(root, 'scripts/doc-examples.mjs'), tree], {
  encoding: 'utf8',
})

describe('the script that holds the documentation to its word', () => {
  it('names each export without a description or an example, and each line that does not compile', () => {
    expect(stderr.trim().split('\n')).toEqual([
      'src/index.ts:30  mute is exported without a description',
      'src/index.ts:32  alone is exported without an @example in a ```ts block',
      'src/index.ts:33  bare is exported without a description',
      'src/index.ts:33  bare is exported without an @example in a ```ts block',
      "src/index.ts:20  Type 'number' is not assignable to type 'string'.",
      "src/index.ts:21  Cannot find name 'hidden'.",
      "README.md:9  Cannot find name 'twice'.",
    ])
    expect(status).toBe(1)
  })

  it('makes a test of each block, with the imports that the block does without', () => {
    const test = (name: string): string => readFileSync(join(tree, 'test/.generated', name), 'utf8')
    expect(test('index.test.ts').split('\n').slice(0, 12)).toEqual([
      "import { it } from 'vitest'",
      "import type { Num } from '../../src/index.ts'",
      "import { pipe } from '../../src/fp.ts'",
      "import { twice } from '../../src/index.ts'",
      "import { expect } from 'vitest'",
      "import { of } from 'rxjs'",
      "import { wrong } from '../../src/index.ts'",
      "import { mute } from '../../src/index.ts'",
      'it("twice", async () => {',
      'const y: Num = pipe(3, twice)',
      'expect(y).toBe(6)',
      'of(y).subscribe()',
    ])
    expect(test('README-md-4.test.ts')).toContain("import { twice } from 'rxdiffusion'")
    expect(test('README-md-9.test.ts')).toContain('void (async () => {')
  })
})
