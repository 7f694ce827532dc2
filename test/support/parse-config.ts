/** Configurations of every architecture, those that the engine fetches on demand included. */
import * as modelConfig from '../../src/config/model-config';
import { otherArchitectures } from '../../src/config/other-architectures';

/** As `parseModelConfig` of the library. @throws EngineError `model-unsupported` naming the field */
export function parseModelConfig(config: unknown, generation?: unknown): modelConfig.ModelConfig {
  return modelConfig.parseModelConfig(config, generation, otherArchitectures);
}
