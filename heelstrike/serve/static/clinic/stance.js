/** The mean angle over stance of each leg, with its standard deviation as a band. */

import uPlot from "../vendor/uPlot.esm.js";
import { colourOf, element, title } from "./words.js";

const HEIGHT = 220;

/** Draw the mean time course of the legs of `steps` into an element. */
export function stanceChart(parent, steps) {
  const legs = Object.entries(steps.legs);
  const series = [{}];
  const bands = [];
  const data = [Array.from({ length: 101 }, (unused, percent) => percent)];
  for (const [side, leg] of legs) {
    const colour = colourOf(side);
    const spread = leg.curve_sd_deg.length ? leg.curve_sd_deg : leg.curve_deg.map(() => 0);
    const edge = (sign) => leg.curve_deg.map((angle, i) => (angle === null ? null : angle + sign * (spread[i] ?? 0)));
    data.push(edge(1), edge(-1), leg.curve_deg);
    series.push({ points: { show: false } }, { points: { show: false } });
    series.push({ stroke: colour, width: 2, points: { show: false } });
    bands.push({ series: [series.length - 3, series.length - 2], fill: `${colour}30` });
  }
  const style = getComputedStyle(document.documentElement);
  const [ink, rule] = ["--quiet", "--rule"].map((name) => style.getPropertyValue(name).trim());
  const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 }, font: "12px system-ui" };
  const plot = new uPlot(
    {
      width: parent.clientWidth || 400,
      height: HEIGHT,
      series,
      bands,
      scales: { x: { time: false, range: [0, 100] } },
      axes: [
        { ...axis, label: "% of stance", labelSize: 18 },
        { ...axis, label: "degrees", labelSize: 18, size: 48 },
      ],
      legend: { show: false },
      cursor: { show: false },
    },
    data,
    parent,
  );
  new ResizeObserver(() => {
    if (parent.clientWidth && parent.clientWidth !== plot.width) plot.setSize({ width: parent.clientWidth, height: HEIGHT });
  }).observe(parent);
  const words = legs.map(([side, leg]) => `${title(side)}: mean of ${leg.steps} ± standard deviation`);
  parent.append(element("p", { class: "quiet" }, words.join("; ")));
}
