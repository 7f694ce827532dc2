import { describe, expect, test } from 'vitest';
import { RecordIndex } from '../../../src/offload/record-index';
import { ids } from './host-store-cases';

const [one, two] = ids(1, 2) as [ReturnType<typeof ids>[0], ReturnType<typeof ids>[0]];

describe('RecordIndex', () => {
  test('knows where a page lies, list by list', () => {
    const index = new RecordIndex(2);
    index.place(5, 1, index.claim([two, one]));
    expect(index.find(1, one)).toEqual({ record: 5, position: 1 });
    expect(index.find(1, two)).toEqual({ record: 5, position: 0 });
    expect(index.find(0, one)).toBeUndefined();
  });

  test('a record is dead when its last page was dropped or replaced, and is handed out once', () => {
    const index = new RecordIndex(2);
    index.place(5, 0, index.claim([one, two]));
    index.drop([one]);
    expect(index.hasDead).toBe(false);
    index.place(6, 0, index.claim([two]));
    expect(index.takeDead()).toEqual([5]);
    expect(index.takeDead()).toEqual([]);
    expect(index.find(0, two)).toEqual({ record: 6, position: 0 });
  });

  test('a page that was dropped since its claim is not placed, and a record of such pages is dead at once', () => {
    const index = new RecordIndex(1);
    const claimed = index.claim([one]);
    index.drop([one]);
    const again = index.claim([one]);
    index.place(5, 0, claimed);
    expect(index.find(0, one)).toBeUndefined();
    expect(index.takeDead()).toEqual([5]);
    index.place(6, 0, again);
    expect(index.find(0, one)).toEqual({ record: 6, position: 0 });
  });

  test('records that could not be deleted come again, in ascending order', () => {
    const index = new RecordIndex(1);
    index.place(9, 0, index.claim([one]));
    index.place(4, 0, index.claim([two]));
    index.drop([one, two]);
    const dead = index.takeDead();
    expect(dead).toEqual([4, 9]);
    index.returnDead([9, 4]);
    expect(index.takeDead()).toEqual([4, 9]);
  });
});
