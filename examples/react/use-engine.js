import { useEffect, useState } from 'react';
import { Engine } from 'longpage';

/** The engine of a model: loaded when the component appears, disposed of when it goes, also in the middle of the load. */
export function useEngine(model) {
  const [state, setState] = useState({ engine: undefined, progress: 0, error: undefined });
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const onProgress = ({ loadedBytes, totalBytes }) =>
      setState((old) => ({ ...old, progress: loadedBytes / totalBytes }));
    const loading = Engine.load(model, { onProgress, signal });
    loading.then(
      (engine) => !signal.aborted && setState({ engine, progress: 1, error: undefined }),
      (error) => !signal.aborted && setState({ engine: undefined, progress: 0, error }),
    );
    return () => {
      gone.abort();
      loading.then(
        (engine) => engine.dispose(),
        () => undefined,
      );
    };
  }, [model]);
  return state;
}
