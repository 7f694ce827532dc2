/** Keeps the page's address at where somebody is, and goes where Back, Forward or a person's own typing lead. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { addressOf, isStep, placeOf, type Place } from './address';

/** See the file's header. */
export class AddressController implements ReactiveController {
  readonly #where: () => Place;
  readonly #go: (place: Place) => Promise<void>;
  #place: Place = { kind: 'add' };
  /** Goings that are under way: until they have come to an end, the address stays what it is. */
  #numGoing = 0;

  /**
   * @param where somebody is now
   * @param go to a place; one that is not there any more may lead elsewhere
   */
  constructor(host: ReactiveControllerHost, where: () => Place, go: (place: Place) => Promise<void>) {
    this.#where = where;
    this.#go = go;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener('popstate', this.#onPop);
    if (location.hash !== '') void this.#follow();
  }

  hostDisconnected(): void {
    removeEventListener('popstate', this.#onPop);
  }

  hostUpdated(): void {
    if (this.#numGoing > 0) return;
    const place = this.#where();
    const address = addressOf(place);
    const before = this.#place;
    this.#place = place;
    if (address === addressOf(before)) return;
    if (isStep(before, place)) history.pushState(null, '', urlOf(address));
    else history.replaceState(null, '', urlOf(address));
  }

  #onPop = (): void => void this.#follow();

  async #follow(): Promise<void> {
    this.#numGoing++;
    try {
      await this.#go(placeOf(location.hash));
    } finally {
      this.#numGoing--;
    }
    if (this.#numGoing > 0) return;
    // What is not there any more leads elsewhere, which is no step of its own.
    this.#place = this.#where();
    history.replaceState(null, '', urlOf(addressOf(this.#place)));
  }
}

const urlOf = (address: string): string => (address === '' ? location.pathname + location.search : address);
