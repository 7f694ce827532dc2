/** Lets the page draw and answer first: no task should hold it for more than 50 ms, and big documents come with much to do. */
export const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
