import { runCases } from '../run-cases';

runCases('sampler', import.meta.glob('./*.case.ts', { eager: true }));
