/** The order in which test files start: those that take longest first, so that no worker is left alone with one at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Ends of the paths of files that take half a minute or more on a software GPU. */
const longFiles = [
  'engine/goldens.test.ts',
  'engine/policy.test.ts',
  'engine/recovery.test.ts',
  'engine/digests.test.ts',
  'kernels/linear/cases.test.ts',
  'demo/library.test.ts',
  'demo/demo.test.ts',
];

const isLong = ({ moduleId }: TestSpecification) => longFiles.some((path) => moduleId.endsWith(path));

/** See the file's header; otherwise Vitest's own order. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
