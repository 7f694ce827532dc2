/** Head profiles for the small test models. */
import { fingerprintModel } from '../../src/weights/model-fingerprint';
import type { HeadProfile } from '../../src/stability/head-profile';
import { folderSource } from '../../tools/tiny-models/folder-source';
import type { ModelFolder } from '../../tools/tiny-models/models';

/** A profile of a model of 3 layers and 2 KV heads in which just these heads retrieve, measured on its weights. */
export async function retrievingProfile(model: ModelFolder, heads: readonly number[]): Promise<HeadProfile> {
  const [numLayers, numKvHeads] = [3, 2];
  const all = Array.from({ length: numLayers * numKvHeads }, (_, head) => head);
  return {
    version: 1,
    modelId: await fingerprintModel(folderSource(model)),
    numLayers,
    numKvHeads,
    pagesPerHead: 4,
    window: 16,
    measuredOn: 'nothing',
    meanStability: all.map(() => 0.5),
    unstable: [],
    stability: [all.map(() => 0.5)],
    retrieval: all.map((head) => Number(heads.includes(head))),
    overlapByOffset: [null],
  };
}
