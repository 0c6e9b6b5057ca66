/**
 * The door with files, sinks and native engines; everything of the isomorphic door is here too.
 */
export * from './index.ts'
export { onnxParameters, type Value as GraphValue } from './algebra/onnx.ts'
export { compileOnnx, type Input as GraphInput } from './algebra/onnx/compile.ts'
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
export * from './data/open-images.ts'
export * from './data/png-images.ts'
export * from './engine/engine.ts'
export * from './engine/engines.ts'
export * from './engine/load-model.ts'
export { onnxDenoiser, type OnnxDenoiser, unet2dOnnx } from './engine/onnx.ts'
export { openOnnx } from './engine/onnx-session.ts'
export type { OnnxFailure, OnnxInput, OnnxOptions, OnnxOutput, OnnxSession } from './engine/onnx-session.ts'
export * from './media/output/check-output.ts'
export * from './media/output/kinds.ts'
export * from './media/output/output.ts'
export type { Provenance } from './media/output/provenance.ts'
export * from './media/output/sink-to.ts'
export * from './media/output/to-outputs.ts'
export { type Pace, paceByLogSnr, type ReelOptions } from './media/sink/reel.ts'
export type { Codec } from './media/sink/ffmpeg.ts'
export { checkWritable, writeWhole, type Written } from './media/sink/files.ts'
export * from './media/format/png-text.ts'
export * from './media/format/png.ts'
export * from './media/sink/to-film-strip.ts'
export * from './media/sink/to-grid.ts'
export * from './media/sink/to-npy.ts'
export * from './media/sink/to-apng.ts'
export * from './media/sink/to-arrays.ts'
export * from './media/sink/to-gif.ts'
export * from './media/sink/to-png-sequence.ts'
export * from './media/sink/to-video.ts'
export * from './media/sink/to-writable.ts'
