/** Test files on the GPU share a process: takes away what the file before has left there. */
import { vi } from 'vitest';

vi.restoreAllMocks();
vi.unstubAllGlobals();
delete (globalThis as { indexedDB?: IDBFactory }).indexedDB;
