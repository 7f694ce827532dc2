/** The chart of a report: score ÷ dense with its interval, setting by setting, and long answers beside all. Pure: SVG as text. */
import type { Comparison } from './statistics';

/** What the chart needs of a report. */
interface ChartSource {
  readonly model: string;
  readonly startedAt: string;
  readonly settings: readonly {
    readonly title: string;
    readonly status: string;
    readonly groups: readonly (Comparison & { readonly group: string })[];
  }[];
}

const [labelWidth, plotWidth, rowHeight, top] = [210, 460, 30, 56];
const series = [
  { group: 'all', colour: '#1f6f8b', offset: -5 },
  { group: 'long answers', colour: '#c8553d', offset: 5 },
] as const;

/** The chart as a whole SVG file. Settings that were not measured are named and left empty. */
export function drawChart({ model, startedAt, settings }: ChartSource): string {
  const rows = settings.filter((_, i) => i > 0);
  const bounds = rows.flatMap(({ groups }) => groups.flatMap(({ interval }) => interval ?? []));
  const low = Math.min(0.8, Math.floor(10 * Math.min(1, ...bounds)) / 10);
  const high = Math.max(1.05, ...bounds);
  const x = (ratio: number) => round(labelWidth + (plotWidth * (ratio - low)) / (high - low));
  const bottom = top + rowHeight * rows.length;
  const width = labelWidth + plotWidth + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${bottom + 50}" viewBox="0 0 ${width} ${bottom + 50}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    label(
      12,
      22,
      `${escape(model)}: score ÷ dense attention, ${startedAt.slice(0, 10)}`,
      'font-weight="bold"',
    ),
    ...ticks(low, high).map((ratio) => tick(x(ratio), bottom, ratio)),
    ...rows.flatMap((row, i) => drawRow(row, top + rowHeight * (i + 0.5), x)),
    ...series.map(({ group, colour }, i) =>
      label(labelWidth + 150 * i, bottom + 40, `● ${group}, 95 %`, `fill="${colour}"`),
    ),
    '</svg>\n',
  ].join('\n');
}

function drawRow(
  { title, status, groups }: ChartSource['settings'][number],
  y: number,
  x: (ratio: number) => number,
): string[] {
  const name = status === 'measured' ? title : `${title} (${status.replace('-', ' ')})`;
  const marks = series.flatMap(({ group, colour, offset }) => {
    const found = groups.find((candidate) => candidate.group === group);
    if (!found?.interval || found.ratio === null) return [];
    const [from, to] = found.interval;
    return [
      `<line x1="${x(from)}" x2="${x(to)}" y1="${y + offset}" y2="${y + offset}" stroke="${colour}" stroke-width="2"/>`,
      `<circle cx="${x(found.ratio)}" cy="${y + offset}" r="4" fill="${colour}"/>`,
    ];
  });
  const fill = status === 'measured' ? '#222' : '#999';
  return [label(12, y + 4, escape(name), `fill="${fill}"`), ...marks];
}

function tick(x: number, bottom: number, ratio: number): string {
  const colour = Math.abs(ratio - 1) < 1e-9 ? '#222' : '#ddd';
  const line = `<line x1="${x}" x2="${x}" y1="${top - 6}" y2="${bottom}" stroke="${colour}"/>`;
  return line + label(x, bottom + 16, ratio.toFixed(2), 'text-anchor="middle" fill="#666"');
}

/** Steps of 0.05, or of 0.1 where there would be many. */
function ticks(low: number, high: number): number[] {
  const step = high - low > 0.5 ? 0.1 : 0.05;
  const count = Math.floor((high - low) / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => low + i * step);
}

function label(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content}</text>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
