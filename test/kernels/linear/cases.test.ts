import { runCases } from '../run-cases';

runCases('linear', import.meta.glob('./*.case.ts', { eager: true }));
