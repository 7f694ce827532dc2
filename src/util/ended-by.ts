/** A generator whose end is told, also when it was never begun: leaving one that nobody has read runs none of its code. */

/** The same values as `source`; `onEnd` is called once, when they end or the reader leaves. */
export function endedBy<T>(
  source: AsyncGenerator<T, void, undefined>,
  onEnd: () => void,
): AsyncGenerator<T, void, undefined> {
  let isOver = false;
  const end = () => {
    if (!isOver) onEnd();
    isOver = true;
  };
  const passed = async (result: Promise<IteratorResult<T, void>>) => {
    try {
      const value = await result;
      if (value.done) end();
      return value;
    } catch (error) {
      end();
      throw error;
    }
  };
  const own: AsyncGenerator<T, void, undefined> = {
    next: () => passed(source.next()),
    // What waits for a value that may never come does not hold up the end.
    return: async () => {
      end();
      return source.return();
    },
    throw: async (error: unknown) => {
      end();
      return source.throw(error);
    },
    [Symbol.asyncIterator]: () => own,
    [Symbol.asyncDispose]: async () => void (await own.return()),
  };
  return own;
}
