// The search of the web that a simulated provider runs itself: made where it is at hand and the prompt speaks of searching,
// with pages that follow from the query.
import type { Citation } from './answer';

/** Whether a search is at hand, and whether it must be made. */
export type Searching = 'auto' | 'must';

export interface Page {
  title: string;
  url: string;
}

/** What was asked, and what was found. */
export interface Search {
  query: string;
  pages: readonly Page[];
}

/** The search that an answer begins with, if any. */
export function searchOf(searching: Searching | undefined, prompt: string): Search | undefined {
  const asked = /\bsearch(?: the web)?(?: for)?(?: the query)?:?\s+(.+)/is.exec(prompt)?.[1];
  if (searching === undefined || (searching === 'auto' && asked === undefined)) return undefined;
  const query = (asked ?? prompt).trim().slice(0, 80);
  const slug = query
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return {
    query,
    pages: [
      { title: `All about ${query}`, url: `https://example.com/${slug}` },
      { title: `${query}: news`, url: `https://news.example.org/${slug}?from=search` },
    ],
  };
}

/** A citation of the first page that was found. */
export function citing(citation: Citation, { pages }: Search): Citation {
  return { ...citation, ...pages[0] };
}
