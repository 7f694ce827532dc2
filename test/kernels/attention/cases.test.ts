import { runCases } from '../run-cases';

runCases('attention', import.meta.glob('./*.case.ts', { eager: true }));
