import { runCases } from '../run-cases';

runCases('norm', import.meta.glob('./*.case.ts', { eager: true }));
