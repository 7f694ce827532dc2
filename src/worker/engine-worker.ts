/** The script of the worker that `Engine.load` starts. */
import { serveEngine } from './serve-engine';

serveEngine(globalThis);
