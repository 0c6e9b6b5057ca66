import { resolve } from 'node:path'

// what examples write stays out of the tree; what they read, `pipelines/`, is linked there
process.chdir(resolve(import.meta.dirname, '../.generated/cwd'))
