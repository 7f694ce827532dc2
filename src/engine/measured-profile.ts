/**
 * What answers tell about the stability of heads, load after load: kept in the browser's storage, and gone by as soon as it is
 * enough. Each load adds its chunks to those of the loads before.
 */
import { combineProfiles, type HeadProfile } from '../select/head-profile';
import { asError } from '../util/errors';
import { storeProfile } from './profile-store';

/** Chunks from which on a measured profile is gone by: fewer votes would be chance. */
export const enoughChunks = 16;
/** Chunks after which nothing more is measured. */
export const mostChunks = 64;

/**
 * Whether a profile of `numChunks` chunks should take the place of one of `numInForce`, 0 for none: once there is enough, and
 * again when there is much more, for every change costs time.
 */
export function isDue(numChunks: number, numInForce: number): boolean {
  return numChunks >= Math.max(enoughChunks, 4 * numInForce);
}

/** The profile of one model as it grows. */
export class MeasuredProfile {
  readonly #sourceId: string;
  readonly #onWarning: (message: string) => void;
  /** What earlier loads measured. */
  readonly #earlier: HeadProfile | undefined;
  #profile: HeadProfile | undefined;
  /** Chunks of this load that are stored. */
  #numKept = 0;
  #numInForce: number;
  #storing: Promise<void> = Promise.resolve();

  /** @param isInForce whether the engine goes by `earlier` already */
  constructor(
    sourceId: string,
    earlier: HeadProfile | undefined,
    isInForce: boolean,
    onWarning: (message: string) => void,
  ) {
    this.#sourceId = sourceId;
    this.#earlier = this.#profile = earlier;
    this.#numInForce = isInForce ? earlier!.stability.length : 0;
    this.#onWarning = onWarning;
  }

  /** The profile that the engine should go over to; undefined where it has no reason to. */
  get due(): HeadProfile | undefined {
    const profile = this.#profile;
    return profile && isDue(profile.stability.length, this.#numInForce) ? profile : undefined;
  }

  /** The engine goes by what is due. */
  apply(): void {
    this.#numInForce = this.#profile!.stability.length;
  }

  /** Whether this load has measured more than is kept. */
  hasNews(numChunks: number): boolean {
    return numChunks > this.#numKept;
  }

  /** Takes what this load has measured so far, and stores it with what was there. A storage that refuses it is a warning. */
  keep(measured: HeadProfile): void {
    this.#numKept = measured.stability.length;
    const profile = this.#earlier ? combineProfiles(this.#earlier, measured) : measured;
    this.#profile = profile;
    this.#storing = this.#storing
      .then(() => storeProfile(this.#sourceId, profile))
      .catch((error: unknown) =>
        this.#onWarning(`The head profile is not stored. ${asError(error).message}`),
      );
  }

  /** Resolves when what was measured is stored. */
  stored(): Promise<void> {
    return this.#storing;
  }
}
