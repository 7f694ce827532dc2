/**
 * Names the part of the model that a dispatch works for, which its kernel alone does not tell: `linear/matvec` serves qkv,
 * output, down and head. Pure: follows the order in which the graphs in `src/model` record; layers' matrices are one slab.
 */

/** Tells the roles of dispatches that come in order, from the first of a step or of a prefill on. */
export class DispatchRoles {
  readonly #numLayers: number;
  #previous = '';
  #role = '';
  #numLayersDone = 0;

  constructor(numLayers: number) {
    this.#numLayers = numLayers;
  }

  /** The kernel's name, with the role where it has several: `'linear/matvec:q4 (head)'`. */
  next(kernelName: string): string {
    const [kernel = ''] = kernelName.split(':');
    const roleOf = { 'linear/matvec': () => this.#matvecRole(), 'linear/matmul': () => this.#matmulRole() }[
      kernel
    ];
    if (kernel === 'linear/embed') this.#numLayersDone = 0;
    if (roleOf) this.#role = roleOf();
    this.#previous = kernel;
    return roleOf ? `${kernelName} (${this.#role})` : kernelName;
  }

  #matvecRole(): string {
    if (this.#previous === 'attention/merge-splits') return 'output';
    if (this.#previous === 'linear/matvec-gated') {
      this.#numLayersDone++;
      return 'down';
    }
    // A prefill ends with the head, right after its last product; a head of several slabs goes on.
    const isHead = this.#previous === 'linear/matmul' || this.#role === 'head';
    const isFirst = this.#previous === 'linear/embed';
    return !isFirst && (isHead || this.#numLayersDone === this.#numLayers) ? 'head' : 'qkv';
  }

  /** A norm stands between output and gate/up, and before qkv. */
  #matmulRole(): string {
    if (this.#previous === 'linear/gated-activation') return 'down';
    if (this.#previous === 'norm/rms-norm') return this.#role === 'output' ? 'gate/up' : 'qkv';
    return 'output';
  }
}
