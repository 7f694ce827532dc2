/** Which head profile an engine goes by: the one that the caller gave, or the one that lies with the model. */
import type { ModelConfig } from '../model/model-config';
import { fingerprintModel } from '../model/model-fingerprint';
import type { ModelSource } from '../model/model-source';
import { parseHeadProfile, type HeadProfile } from '../select/head-profile';
import { EngineError } from '../util/errors';

/** Where the profile in use comes from. */
export type ProfileOrigin = 'given' | 'folder' | 'equal';

/** A profile that fits the model, and where it comes from. */
export interface ChosenProfile {
  readonly profile: HeadProfile | undefined;
  readonly origin: ProfileOrigin;
}

/** File of a model's folder that holds its profile. */
export const profileFileName = 'head-profile.json';

/** What the choice depends on. */
export interface ProfileChoice {
  readonly source: ModelSource;
  readonly config: Pick<ModelConfig, 'numLayers' | 'numKvHeads'>;
  readonly given: HeadProfile | undefined;
  readonly onWarning: ((message: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The caller's profile must be for this model; one that lies in the folder and is not is left alone, with one warning.
 * @throws EngineError `model-unsupported` for a given profile of another model or shape, `network`, `weights-corrupt`; the signal's
 * reason when aborted
 */
export async function chooseProfile(choice: ProfileChoice): Promise<ChosenProfile> {
  const { source, given, onWarning, signal } = choice;
  if (given) return { profile: await check(given, choice), origin: 'given' };
  const text = await source.readText(profileFileName, signal);
  if (text === undefined) return { profile: undefined, origin: 'equal' };
  try {
    return { profile: await check(parse(text), choice), origin: 'folder' };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'model-unsupported') throw error;
    onWarning?.(`The model's ${profileFileName} is not used. ${error.message}`);
    return { profile: undefined, origin: 'equal' };
  }
}

async function check(value: unknown, { source, config, signal }: ProfileChoice): Promise<HeadProfile> {
  const profile = parseHeadProfile(value, config.numLayers, config.numKvHeads);
  const wanted = await fingerprintModel(source, signal);
  if (profile.modelId === wanted) return profile;
  throw new EngineError(
    'model-unsupported',
    'The head profile was measured on another model, or on other weights of this one. Run npm run profile for these.',
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('model-unsupported', 'The head profile is not valid JSON.', { cause });
  }
}
