/** Starts the page. */
import './app';
