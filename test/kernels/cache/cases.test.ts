import { runCases } from '../run-cases';

runCases('cache', import.meta.glob('./*.case.ts', { eager: true }));
