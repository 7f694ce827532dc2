/** The one file of a model that lies in a folder of its own: how an embedding model pools, as sentence-transformers write it. */
export const poolingFile = '1_Pooling/config.json';

/** Its name where files are kept side by side. */
export const storedPoolingFile = '1_Pooling_config.json';
