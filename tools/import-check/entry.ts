/** What the import check has built: the page's import as tests use it, under Node. */
export { ImportError } from '../../demo/import/import-error';
export { importFile } from './import-file';
