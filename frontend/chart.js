// Draws <div data-chart="ID"> with uPlot from the JSON in <script type="application/json" id="ID">.

import uPlot from "uplot";

const HEIGHT = 220;
const drawn = new Map();

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Custom properties may hold light-dark(); a probe element turns them into a colour for the canvas.
function colour(tone) {
  const probe = document.createElement("i");
  probe.className = `tone-${tone} tone-probe`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const number = new Intl.NumberFormat("en");

// uPlot's table: [least step in seconds, words, words where the year, the day, ... begins].
const DAY_AND_YEAR = "\n{D} {MMM} {YYYY}";
const CLOCK = [
  [31_536_000, "{YYYY}", null, null, null, null, null, null, 1],
  [2_419_200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", DAY_AND_YEAR, null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", DAY_AND_YEAR, null, "\n{D} {MMM}", null, null, null, 1],
];

function axis(own) {
  const font = css("--tblr-font-sans-serif");
  return {
    stroke: colour("text"),
    font: `12px ${font}`,
    labelFont: `12px ${font}`,
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
    ...own,
  };
}

function amounts(unit) {
  return { values: (_, ticks) => ticks.map((tick) => number.format(tick)), label: unit, labelSize: 16, size: 70 };
}

function options(data, width, zone) {
  const at = (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone);
  return {
    width,
    height: HEIGHT,
    tzDate: at,
    cursor: { y: false },
    legend: { live: true },
    axes: [axis({ values: CLOCK }), axis(amounts(data.unit ?? ""))],
    scales: { y: { range: (_, least, most) => [Math.min(0, least), Math.max(1, most * 1.05)] } },
    series: [
      { value: (_, seconds) => seconds === null ? "" : exact(at(seconds)) },
      ...data.series.map(({ label, tone }) => ({
        label,
        stroke: colour(tone ?? "blue"),
        width: 2,
        value: (_, amount) => amount === null ? "" : number.format(amount),
      })),
    ],
  };
}

const exact = uPlot.fmtDate("{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}");

function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  const data = JSON.parse(source.textContent);
  drawn.get(element)?.destroy();
  const table = [data.times, ...data.series.map(({ values }) => values)];
  drawn.set(element, new uPlot(options(data, element.clientWidth, element.dataset.zone), table, element));
}

function drawAll() {
  for (const element of drawn.keys()) if (!element.isConnected) forget(element);
  for (const element of document.querySelectorAll("[data-chart]")) draw(element);
}

function forget(element) {
  drawn.get(element).destroy();
  drawn.delete(element);
}

const widths = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    drawn.get(target)?.setSize({ width: contentRect.width, height: HEIGHT });
  }
});

drawAll();
for (const element of drawn.keys()) widths.observe(element);
document.addEventListener("htmx:afterSettle", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
