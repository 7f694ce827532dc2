/** What the router itself has on the engine: requests whose answers have not begun, and those whose have. */

/** Counts requests. */
export class DeviceLoad {
  numWaiting = 0;
  numRunning = 0;

  /** A request goes to the engine. Call what this returns, each at most once in effect: when its answer begins, and when it ends. */
  begin(): { readonly begun: () => void; readonly ended: () => void } {
    let state: 'waiting' | 'running' | 'over' = 'waiting';
    this.numWaiting++;
    const leave = () => {
      if (state === 'waiting') this.numWaiting--;
      if (state === 'running') this.numRunning--;
    };
    return {
      begun: () => {
        if (state !== 'waiting') return;
        leave();
        state = 'running';
        this.numRunning++;
      },
      ended: () => {
        leave();
        state = 'over';
      },
    };
  }
}
