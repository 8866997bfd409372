// Draws every <canvas data-chart="ID">, where ID is a json_script element that holds
//   {type: "line" | "bar" | "stacked", labels: [...], unit: "tokens",
//    datasets: [{label, data, color: "--chart-1", axis: "left" | "right", unit, type: "line", fill: true, marks: true}],
//    axes: {left: {label, unit}, right: {label, unit}}}
// Only `type`, `labels` and `datasets` (label, data) are needed. A null in `data` is a gap: unknown is not zero.
// Colours come from the style sheet, so a chart follows the theme; beside the colour every series has a dash or a place.
"use strict";

(() => {
  const DASHES = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [12, 4], [1, 2], [8, 2, 2, 2, 2, 2]];
  const POINTS = ["circle", "rectRot", "triangle", "rect", "cross", "star", "crossRot", "dash"];
  const AXES = { left: "y", right: "y1", y: "y", y1: "y1" };
  const charts = new Map();

  // ---- figures for people, the same words as the server's ----

  // Thousands apart by a narrow space and a day before its month, as analytics/formatting.py and the templates write them.
  const number = (most, least = 0) => {
    const form = new Intl.NumberFormat("en", { minimumFractionDigits: least, maximumFractionDigits: most });
    return { format: (value) => form.format(value).replaceAll(",", "\u202f").replace("-", "−") };
  };
  const whole = number(0);

  const compact = (value) => {
    const size = Math.abs(value);
    if (size >= 999_999_950) return `${number(2).format(value / 1e9)} B`;
    if (size >= 999_950) return `${number(2).format(value / 1e6)} M`;
    if (size >= 1e4) return `${number(1).format(value / 1e3)} k`;
    return number(size < 10 ? 2 : 0).format(value);
  };

  const dollars = (value) => {
    const digits = value !== 0 && Math.abs(value) < 0.1 ? 4 : Math.abs(value) >= 1e4 ? 0 : 2;
    return `${value < 0 ? "−" : ""}$${number(digits, digits).format(Math.abs(value))}`;
  };

  const duration = (ms) => {
    const size = Math.abs(ms);
    if (size < 999.5) return `${whole.format(ms)} ms`;
    if (size < 59_950) return `${number(1).format(ms / 1000)} s`;
    const minutes = Math.round(size / 60_000);
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  };

  // Ratios are 0 to 100, as everywhere in the project. Left: short, for axes. Right: exact, for the tooltip.
  const percent = (digits) => (value) => `${number(digits).format(value)} %`;
  const FORMATS = {
    tokens: [compact, (value) => `${whole.format(value)} tokens`],
    lines: [compact, (value) => `${whole.format(value)} lines`],
    usd: [dollars, (value) => `$${number(6).format(value)}`],
    milliseconds: [duration, (value) => (value < 60_000 ? duration(value) : `${duration(value)} (${whole.format(value)} ms)`)],
    seconds: [(value) => duration(value * 1000), (value) => duration(value * 1000)],
    percent: [percent(1), percent(2)],
    count: [compact, (value) => number(2).format(value)],
  };
  FORMATS.ms = FORMATS.milliseconds;
  const formatOf = (unit) => FORMATS[String(unit || "count").toLowerCase()] || FORMATS.count;

  // Labels are the reader's days and hours already, written by analytics/periods.py: "2026-03", "2026-03-29",
  // "2026-03-29 02:00" and, in the hour that a clock shows twice, "2026-03-29 02:00 +02:00". They are never shifted.
  const LABEL = /^(\d{4}-\d{2})(?:-(\d{2})(?: (\d{2}:\d{2})(?: [+-]\d{2}:\d{2})?)?)?$/;
  const dates = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  const SHORT = { month: dates({ month: "short", year: "numeric" }), day: dates({ day: "numeric", month: "short" }) };
  const LONG = { month: dates({ month: "long", year: "numeric" }),
    day: dates({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) };

  const labelText = (label, forms) => {
    const [, month, day, time] = LABEL.exec(label) || [];
    if (!month) return String(label);
    const moment = new Date(`${month}-${day || "01"}T00:00:00Z`);
    const text = (day ? forms.day : forms.month).format(moment);
    return time ? `${text} ${label.slice(11)}` : text;
  };

  // ---- from the page's data to what Chart.js takes ----

  // A custom property is read as written ("light-dark(…)"); only the colour of an element is resolved.
  const probe = document.createElement("span");
  probe.hidden = true;
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  };

  const axisOf = (series) => AXES[series.axis] || "y";
  const axisConfig = (spec, side) => spec.axes?.[side] || spec.axes?.[AXES[side]] || {};
  const unitOf = (spec, series) =>
    series.unit || axisConfig(spec, axisOf(series) === "y1" ? "right" : "left").unit || spec.unit || "count";

  const faint = (tint) => tint.replace(/^rgb\((.*)\)$/, "rgba($1, 0.14)");

  const lineStyle = (tint, index, series) => ({
    backgroundColor: series.fill ? faint(tint) : tint,
    pointBackgroundColor: tint,
    fill: series.fill ? "origin" : false,
    borderWidth: 2,
    borderDash: DASHES[index % DASHES.length],
    pointStyle: POINTS[index % POINTS.length],
    pointRadius: series.marks ? 5 : series.data.length > 45 ? 0 : 2.5,
    showLine: !series.marks,
    pointHoverRadius: 5,
    tension: 0,
    spanGaps: false,
  });

  const barStyle = (tint, surface) => ({
    backgroundColor: tint,
    borderColor: surface,
    borderWidth: { top: 1 },
    maxBarThickness: 48,
  });

  const datasets = (spec) => {
    const surface = colour("--surface");
    return spec.datasets.map((series, index) => {
      const kind = series.type || (spec.type === "line" ? "line" : "bar");
      const tint = colour(series.color || `--chart-${(index % 8) + 1}`);
      const look = kind === "line" ? lineStyle(tint, index, series) : barStyle(tint, surface);
      return { type: kind, label: series.label, data: series.data, yAxisID: axisOf(series), borderColor: tint,
        order: kind === "line" ? 0 : 1, stack: spec.type === "stacked" && kind === "bar" ? axisOf(series) : undefined, ...look };
    });
  };

  const scale = (spec, side, text, line) => {
    const config = axisConfig(spec, side);
    const id = AXES[side];
    const first = spec.datasets.find((series) => axisOf(series) === id);
    const [format] = formatOf(config.unit || (first && unitOf(spec, first)));
    return {
      position: side,
      beginAtZero: true,
      stacked: spec.type === "stacked",
      title: { display: Boolean(config.label), text: config.label, color: text },
      ticks: { color: text, maxTicksLimit: 6, callback: (value) => format(value) },
      grid: { color: line, drawOnChartArea: side === "left", drawTicks: false },
      border: { display: false },
    };
  };

  const scales = (spec) => {
    const [text, line] = [colour("--text-muted"), colour("--line")];
    const all = { y: scale(spec, "left", text, line) };
    if (spec.datasets.some((series) => axisOf(series) === "y1")) all.y1 = scale(spec, "right", text, line);
    all.x = {
      stacked: spec.type === "stacked",
      grid: { display: false },
      border: { color: line },
      ticks: { color: text, maxRotation: 0, autoSkipPadding: 28, callback: (_, index) => labelText(spec.labels[index], SHORT) },
    };
    return all;
  };

  const tooltip = (spec) => ({
    backgroundColor: colour("--text"),
    titleColor: colour("--page"),
    bodyColor: colour("--page"),
    footerColor: colour("--page"),
    usePointStyle: true,
    callbacks: {
      title: (items) => (items.length ? labelText(spec.labels[items[0].dataIndex], LONG) : ""),
      label: (item) => {
        const [, format] = formatOf(unitOf(spec, spec.datasets[item.datasetIndex]));
        return ` ${item.dataset.label}: ${item.raw === null ? "unknown" : format(item.raw)}`;
      },
    },
  });

  const configuration = (spec) => ({
    data: { labels: spec.labels, datasets: datasets(spec) },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: scales(spec),
      plugins: { legend: { display: false }, tooltip: tooltip(spec) },
    },
  });

  // ---- the legend: buttons, so that a keyboard can hide a series too ----

  const SVG = "http://www.w3.org/2000/svg";
  const mark = (dataset) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "legend-mark");
    svg.setAttribute("viewBox", "0 0 24 12");
    svg.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS(SVG, dataset.type === "line" ? "line" : "rect");
    const place = dataset.type === "line" ? { x1: 0, x2: 24, y1: 6, y2: 6, stroke: dataset.borderColor, "stroke-width": 2.5,
      "stroke-dasharray": dataset.borderDash.join(" ") } : { x: 0, y: 1, width: 24, height: 10, rx: 2, fill: dataset.backgroundColor };
    for (const [name, value] of Object.entries(place)) shape.setAttribute(name, value);
    svg.append(shape);
    return svg;
  };

  const legendButton = (chart, dataset, index, hidden) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(mark(dataset), dataset.label);
    button.setAttribute("aria-pressed", String(!hidden));
    button.addEventListener("click", () => {
      const visible = !chart.isDatasetVisible(index);
      chart.setDatasetVisibility(index, visible);
      chart.update();
      button.setAttribute("aria-pressed", String(visible));
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  };

  const drawLegend = (canvas, chart, hidden) => {
    const frame = canvas.closest(".chart-frame") || canvas;
    let list = frame.parentElement.querySelector(":scope > .chart-legend");
    if (!list) {
      list = document.createElement("ul");
      list.className = "chart-legend";
      list.setAttribute("aria-label", "Series shown");
      frame.before(list);
    }
    list.replaceChildren(...chart.data.datasets.map((dataset, index) => legendButton(chart, dataset, index, hidden.has(index))));
  };

  // ---- life of a chart ----

  const specOf = (canvas) => {
    const source = document.getElementById(canvas.dataset.chart);
    return source ? JSON.parse(source.textContent) : null;
  };

  const destroy = (canvas) => {
    charts.get(canvas)?.destroy();
    charts.delete(canvas);
  };

  const draw = (canvas) => {
    const spec = specOf(canvas);
    if (!spec) return;
    const old = charts.get(canvas);
    const hidden = new Set(spec.datasets.map((_, index) => index).filter((index) => old && !old.isDatasetVisible(index)));
    destroy(canvas);
    const chart = new Chart(canvas, configuration(spec));
    charts.set(canvas, chart);
    hidden.forEach((index) => chart.setDatasetVisibility(index, false));
    if (hidden.size) chart.update();
    drawLegend(canvas, chart, hidden);
  };

  const drawWithin = (scope) => {
    if (scope.matches?.("canvas[data-chart]")) draw(scope);
    scope.querySelectorAll("canvas[data-chart]").forEach(draw);
  };

  const redrawAll = () => [...charts.keys()].forEach((canvas) => (canvas.isConnected ? draw(canvas) : destroy(canvas)));

  document.addEventListener("DOMContentLoaded", () => {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    drawWithin(document);
  });
  document.addEventListener("htmx:load", (event) => event.target !== document.body && drawWithin(event.target));
  document.addEventListener("htmx:beforeCleanupElement", (event) => destroy(event.target));
  document.addEventListener("ledger:theme", redrawAll);
  // On paper the light colours count, whatever the screen shows.
  matchMedia("print").addEventListener("change", redrawAll);
})();
