/** What answers tell about the stability of heads: kept in the browser's storage, and used as soon as it is enough. */
import type { HeadProfile } from './head-profile';
import { asError } from '../util/errors';
import { isDue } from './enough-measured';
import { storeProfile } from './profile-store';

/** The profile of one model as it grows. */
export class MeasuredProfile {
  readonly #onWarning: (message: string) => void;
  #profile: HeadProfile | undefined;
  /** Chunks that are stored; infinite when no more are to be. */
  #numKept: number;
  /** Chunks of the profile that was applied or declined last. */
  #numDecided: number;
  #isInForce: boolean;
  #storing: Promise<void> = Promise.resolve();

  /**
   * @param earlier what is stored
   * @param isInForce whether the engine uses it already
   */
  constructor(earlier: HeadProfile | undefined, isInForce: boolean, onWarning: (message: string) => void) {
    this.#profile = earlier;
    this.#numKept = earlier?.stability.length ?? 0;
    this.#isInForce = isInForce;
    this.#numDecided = isInForce ? this.#numKept : 0;
    this.#onWarning = onWarning;
  }

  /** The profile that the engine should go over to; undefined where it has no reason to. */
  get due(): HeadProfile | undefined {
    const profile = this.#profile;
    return profile && isDue(profile.stability.length, this.#numDecided) ? profile : undefined;
  }

  /** Whether the engine uses what was measured. */
  get isInForce(): boolean {
    return this.#isInForce;
  }

  /** The engine uses what is due. */
  apply(): void {
    this.decline();
    this.#isInForce = true;
  }

  /** The engine stays as it is until there is much more. */
  decline(): void {
    this.#numDecided = this.#profile!.stability.length;
  }

  /** Whether `numChunks` is more than is kept. */
  hasNews(numChunks: number): boolean {
    return numChunks > this.#numKept;
  }

  /** Stores a profile in place of the earlier one. A storage that refuses it is a warning. */
  keep(profile: HeadProfile): void {
    this.#numKept = profile.stability.length;
    this.#profile = profile;
    this.#storing = this.#storing
      .then(() => storeProfile(profile))
      .catch((error: unknown) =>
        this.#onWarning(`The head profile is not stored. ${asError(error).message}`),
      );
  }

  /** Nothing more is kept. */
  giveUp(): void {
    this.#numKept = Infinity;
  }

  /** Resolves when what was measured is stored. */
  stored(): Promise<void> {
    return this.#storing;
  }
}
