import js from '@eslint/js'
import rxjs from 'eslint-plugin-rxjs-x'
import tsdoc from 'eslint-plugin-tsdoc'
import { defineConfig, globalIgnores } from 'eslint/config'
import ts from 'typescript-eslint'

const rxjsRoot = {
  group: ['rxjs/*', '!rxjs/testing'],
  message: "Import from the root 'rxjs', where the operators are as well.",
}
const fpRoof = {
  group: ['fp-ts', 'fp-ts/*'],
  message: 'Import it from src/fp.ts, the one place that knows its file names.',
}

export default defineConfig(
  globalIgnores(['dist', 'out', 'test/.generated', 'test/goldens']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },

  {
    rules: {
      // a number in a sentence reads as itself
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `readonly number[]` for a word, `ReadonlyArray<readonly [K, V]>` for a phrase
      '@typescript-eslint/array-type': ['error', { default: 'array-simple', readonly: 'array-simple' }],
      // `() => void f()` and `(x) => sink.push(x)` are how callbacks are written
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // in loops over typed arrays the index is known to be inside; `?? 0` would cost time and hide mistakes
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `while (true)` with a return inside is how rejection sampling reads
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // `_` is said on purpose, and so is `const { dropped, ...rest }`
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // a kind of failure without facts has no keys, and `Record<never, never>` says that
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      // `[...text]` is said where code points are meant
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // an error channel carries tagged failures as `unknown`; rethrowing one is no mistake
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [rxjs.configs.recommended, rxjs.configs.strict],
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      'no-restricted-imports': ['error', { patterns: [rxjsRoot, fpRoof] }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // a default would hide that a stream was empty, and EmptyError says it
      'rxjs-x/no-ignored-default-value': 'off',
      // as above
      'rxjs-x/throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
    },
  },
  { files: ['src/fp.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [rxjsRoot] }] } },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // what a test subscribes to only for its effects ends with the test
      'rxjs-x/no-ignored-error': 'off',
      // on marbles an error is a letter
      'rxjs-x/throw-error': 'off',
      // a test looks at a stream while another is being piped
      'rxjs-x/no-subscribe-in-pipe': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly', module: 'writable' },
    },
    // the linter does not see casts in JSDoc; tsc does
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  // `tsc -p scripts` checks their types; the linter's project service would want a tsconfig.json beside each
  { files: ['*.{js,cjs}'], extends: [ts.configs.disableTypeChecked] },
)
