/**
 * Lines over logarithmic axes as an SVG, written by hand: no library, readable in light and in dark, and
 * without colour: lines differ by their dashes too, and carry their names.
 */

export interface Line {
  readonly name: string;
  /** Pairs of x and y, both over 0, from left to right. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
}

const PANEL = { width: 430, height: 330 } as const;
/** Around the axes of a panel. */
const MARGIN = { left: 62, right: 20, top: 46, bottom: 100 } as const;
const LEGEND_LINE = 18;
const DASHES = ['none', '7 4', '2 3', '10 3 2 3'] as const;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .axis { stroke: #59636e; stroke-width: 1; }
  .line { fill: none; stroke-width: 2; }
  .c0 { stroke: #0969da; } .c1 { stroke: #bc4c00; } .c2 { stroke: #1a7f37; } .c3 { stroke: #8250df; }
  .d0 { fill: #0969da; } .d1 { fill: #bc4c00; } .d2 { fill: #1a7f37; } .d3 { fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .grid { stroke: #3d444d; }
    .axis { stroke: #9198a1; }
    .c0 { stroke: #4493f8; } .c1 { stroke: #f0883e; } .c2 { stroke: #3fb950; } .c3 { stroke: #ab7df8; }
    .d0 { fill: #4493f8; } .d1 { fill: #f0883e; } .d2 { fill: #3fb950; } .d3 { fill: #ab7df8; }
  }`;

/** Panels side by side. @param description what is to be seen, for who does not see it */
export function plot(panels: readonly Panel[], description: string): string {
  const width = PANEL.width * panels.length;
  const groups = panels.map(
    (panel, i) => `<g transform="translate(${i * PANEL.width} 0)">\n${drawPanel(panel)}\n</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" role="img">`,
    `<title>${description}</title>`,
    `<style>${STYLE}\n</style>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}

/** A logarithmic axis: whole powers of ten around the values, and where a value lies. */
class Axis {
  readonly ticks: readonly number[];
  readonly #from: number;
  readonly #to: number;
  readonly #start: number;
  readonly #end: number;

  /** @param start pixel of the lowest tick @param end pixel of the highest */
  constructor(values: readonly number[], start: number, end: number) {
    this.#from = Math.floor(Math.log10(Math.min(...values)));
    this.#to = Math.max(this.#from + 1, Math.ceil(Math.log10(Math.max(...values))));
    this.#start = start;
    this.#end = end;
    const count = this.#to - this.#from + 1;
    this.ticks = Array.from({ length: count }, (_, i) => 10 ** (this.#from + i));
  }

  at(value: number): number {
    const share = (Math.log10(value) - this.#from) / (this.#to - this.#from);
    return Math.round((this.#start + share * (this.#end - this.#start)) * 10) / 10;
  }
}

function drawPanel({ title, xName, yName, lines }: Panel): string {
  const points = lines.flatMap((line) => line.points);
  const left = MARGIN.left;
  const right = PANEL.width - MARGIN.right;
  const bottom = PANEL.height - MARGIN.bottom;
  const x = new Axis(
    points.map((point) => point[0]),
    left,
    right,
  );
  const y = new Axis(
    points.map((point) => point[1]),
    bottom,
    MARGIN.top,
  );
  const middle = (MARGIN.top + bottom) / 2;
  return [
    `<text class="title" x="${left}" y="20">${title}</text>`,
    ...y.ticks.flatMap((tick) => [
      `<path class="grid" d="M${left} ${y.at(tick)}H${right}"/>`,
      `<text x="${left - 6}" y="${y.at(tick) + 4}" text-anchor="end">${nameOf(tick)}</text>`,
    ]),
    ...x.ticks.flatMap((tick) => [
      `<path class="grid" d="M${x.at(tick)} ${MARGIN.top}V${bottom}"/>`,
      `<text x="${x.at(tick)}" y="${bottom + 16}" text-anchor="middle">${nameOf(tick)}</text>`,
    ]),
    `<path class="axis" d="M${left} ${MARGIN.top}V${bottom}H${right}" fill="none"/>`,
    `<text x="${(left + right) / 2}" y="${bottom + 33}" text-anchor="middle">${xName}</text>`,
    `<text transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${yName}</text>`,
    ...lines.flatMap((line, i) => drawLine(line, i, x, y)),
    ...lines.flatMap(({ name }, i) => drawLegend(name, i, left, bottom + 50)),
  ].join('\n');
}

function drawLine({ points }: Line, i: number, x: Axis, y: Axis): string[] {
  const places = points.map((point) => [x.at(point[0]), y.at(point[1])] as const);
  const path = places.map(([px, py]) => `${px} ${py}`).join('L');
  return [
    `<path class="line c${i}" stroke-dasharray="${DASHES[i]}" d="M${path}"/>`,
    ...places.map(([px, py]) => `<circle class="d${i}" cx="${px}" cy="${py}" r="3"/>`),
  ];
}

function drawLegend(name: string, i: number, left: number, top: number): string[] {
  const y = top + i * LEGEND_LINE;
  return [
    `<path class="line c${i}" stroke-dasharray="${DASHES[i]}" d="M${left} ${y - 4}h28"/>`,
    `<text x="${left + 36}" y="${y}">${name}</text>`,
  ];
}

/** A power of ten in digits. */
const nameOf = (tick: number): string => (tick >= 1 ? tick.toLocaleString('en-US') : String(tick));
