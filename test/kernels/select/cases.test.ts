import { runCases } from '../run-cases';

runCases('select', import.meta.glob('./*.case.ts', { eager: true }));
