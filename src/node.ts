/**
 * The door with files, sinks and native engines; everything of the isomorphic door is here too.
 */
export * from './index.ts'
export * from './checkpoint/diffusers-folder.ts'
export type { DiffusersManifest, Manifest } from './checkpoint/manifest.ts'
export type {
  DecoderManifest,
  NetworkKind,
  NetworkManifest,
  TimeShape,
} from './checkpoint/manifest-network.ts'
export type { ScheduleSettings } from './checkpoint/manifest-schedule.ts'
export * from './checkpoint/safetensors-file.ts'
export * from './engine/engine.ts'
export * from './engine/engines.ts'
export * from './engine/load-model.ts'
export * from './media/sink/files.ts'
export * from './media/sink/pixels-of.ts'
export * from './media/format/png-text.ts'
export * from './media/format/png.ts'
export * from './media/sink/to-film-strip.ts'
export * from './media/sink/to-grid.ts'
export * from './media/sink/to-npy.ts'
