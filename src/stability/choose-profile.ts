/** Which head profile an engine uses: the caller's, one that lies on the site or with the model, or one measured before. */
import type { ModelConfig } from '../config/model-config';
import { fingerprintModel } from '../weights/model-fingerprint';
import type { ModelSource } from '../source/model-source';
import { urlSource } from '../source/url-source';
import { parseHeadProfile, type HeadProfile } from './head-profile';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { enoughChunks } from './enough-measured';

/** Where the profile in use comes from; `equal`: there is none, every layer has the same share. */
export type ProfileOrigin = 'given' | 'profiles' | 'folder' | 'measured' | 'equal';

/** A profile that fits the model, and where it comes from. */
export interface ChosenProfile {
  readonly profile: HeadProfile | undefined;
  readonly origin: ProfileOrigin;
  /** What earlier loads measured, be it enough to use or not: this load may add to it. */
  readonly measured: HeadProfile | undefined;
}

/** File of a model's folder that holds its profile. */
export const profileFileName = 'head-profile.json';

/** File of a folder of profiles: named after the model's content, so that it is found wherever the model lies. */
export function profileNameOf(modelId: string): string {
  return `${modelId.replace('sha256:', '')}.json`;
}

/** File of a folder of profiles that lists the others: who looks for one that is not there asks for this one alone. */
export const profileIndexName = 'index.json';

/** What the choice depends on. */
export interface ProfileChoice {
  readonly source: ModelSource;
  readonly config: Pick<ModelConfig, 'numLayers' | 'numKvHeads'>;
  readonly given: HeadProfile | undefined;
  /** Absolute URL of a folder of profiles. */
  readonly profiles: string | undefined;
  /** Whether what was measured before counts. */
  readonly usesMeasured: boolean;
  readonly onWarning: ((message: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A place where a profile may be: what it is called, and its content there. */
type Place = readonly [name: string, origin: ProfileOrigin, read: () => Promise<unknown>];

/**
 * The caller's profile must be for this model. One that is found and is not, or cannot be read, is left alone with a warning.
 * @throws EngineError `model-unsupported` for a given profile of another model or shape, `network`, `weights-corrupt`; the
 * signal's reason when aborted
 */
export async function chooseProfile(choice: ProfileChoice): Promise<ChosenProfile> {
  const { source, given, profiles, usesMeasured, signal } = choice;
  // It costs a part of the weights, so it is made once and only when there is something to compare.
  let modelId: Promise<string> | undefined;
  const fingerprint = () => (modelId ??= fingerprintModel(source, signal));
  const check = async (value: unknown) => checkModel(value, choice, await fingerprint());
  if (given) return { profile: await check(given), origin: 'given', measured: undefined };
  const places: Place[] = [
    [`The model's ${profileFileName}`, 'folder', () => readJson(source, profileFileName, signal)],
  ];
  if (profiles !== undefined) {
    const read = async () => {
      const folder = urlSource(profiles, { isRequired: () => true });
      const names = (await readJson(folder, profileIndexName, signal)) ?? [];
      if (!Array.isArray(names))
        throw new EngineError('model-unsupported', `${profileIndexName} is not a list of files.`);
      if (names.length === 0) return undefined;
      const name = profileNameOf(await fingerprint());
      return names.includes(name) ? readJson(folder, name, signal) : undefined;
    };
    places.unshift([`The profile of this model in ${profiles}`, 'profiles', read]);
  }
  const find = async ([name, , read]: Place): Promise<HeadProfile | undefined> => {
    try {
      const value = await read();
      return value === undefined ? undefined : await check(value);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      choice.onWarning?.(`${name} is not used. ${error.message}`);
      return undefined;
    }
  };
  for (const place of places) {
    const profile = await find(place);
    if (profile) return { profile, origin: place[1], measured: undefined };
  }
  const readStored = async () => (await fetched(import('./profile-store'))).readStoredProfile(fingerprint);
  const measured = usesMeasured ? await find(['The stored head profile', 'measured', readStored]) : undefined;
  return measured && measured.stability.length >= enoughChunks
    ? { profile: measured, origin: 'measured', measured }
    : { profile: undefined, origin: 'equal', measured };
}

function checkModel(value: unknown, { config }: ProfileChoice, modelId: string): HeadProfile {
  const profile = parseHeadProfile(value, config.numLayers, config.numKvHeads);
  if (profile.modelId === modelId) return profile;
  throw new EngineError(
    'model-unsupported',
    'The head profile was measured on another model, or on other weights of this one. Run npm run profile for these.',
  );
}

async function readJson(source: ModelSource, name: string, signal?: AbortSignal): Promise<unknown> {
  const text = await source.readText(name, signal);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('model-unsupported', `${name} is not valid JSON.`, { cause });
  }
}
