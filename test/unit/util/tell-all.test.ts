import { afterEach, expect, test, vi } from 'vitest';
import { tellAll } from '../../../src/util/tell-all';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const failure = new Error('a listener of the page');

function tellThree(): string[] {
  const told: string[] = [];
  const fails = () => {
    throw failure;
  };
  const notes = (event: string) => void told.push(event);
  tellAll([notes, fails, notes], 'lost');
  return told;
}

test('a listener that throws is reported, and the others are called', () => {
  const report = vi.fn();
  vi.stubGlobal('reportError', report);
  expect(tellThree()).toEqual(['lost', 'lost']);
  expect(report.mock.calls).toEqual([[failure]]);
});

test('where there is no reportError the console has it', () => {
  vi.stubGlobal('reportError', undefined);
  const log = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  expect(tellThree()).toEqual(['lost', 'lost']);
  expect(log.mock.calls).toEqual([[failure]]);
});
