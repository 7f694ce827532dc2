/** PDFs are parsed in this worker: away from the page, and gone with it when an import is stopped. */
import 'pdfjs-dist/legacy/build/pdf.worker.min.mjs';
