/** The adapter with one device for all engines of all test files in a process. A test in which a device is lost takes `gpu` of `gpu-setup`. */
import { gpu } from './gpu-setup';
import { shareDevices } from '../../tools/node/share-devices';

export const sharedGpu = shareDevices(gpu);
