/** Apart, so that an engine can look whether there are documents without fetching what reads them. */
export const documentDatabaseName = 'longpage-documents';
