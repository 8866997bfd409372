// <time datetime="2026-03-01T09:30:00Z" data-local="datetime|date|time|relative">: shown in the reader's own zone.
// The text that the server wrote (UTC) stays where scripts do not run, and is kept in the title where they do.
"use strict";

(() => {
  const STYLES = {
    datetime: { dateStyle: "medium", timeStyle: "short" },
    date: { dateStyle: "medium" },
    time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  };
  const STEPS = [
    [60, "second", 1],
    [3600, "minute", 60],
    [86400, "hour", 3600],
    [86400 * 30, "day", 86400],
    [86400 * 365, "month", 86400 * 30],
    [Infinity, "year", 86400 * 365],
  ];
  // The words of the pages are English; this English writes the day before the month, as the server does, and 24 hours.
  const language = "en-GB";
  const formats = Object.fromEntries(
    Object.entries(STYLES).map(([name, options]) => [name, new Intl.DateTimeFormat(language, options)]),
  );
  const long = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
  const utc = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

  const ago = (moment, now) => {
    const seconds = (moment - now) / 1000;
    const [, unit, size] = STEPS.find(([limit]) => Math.abs(seconds) < limit);
    return relative.format(Math.trunc(seconds / size), unit);
  };

  const show = (element) => {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const style = element.dataset.local;
    element.textContent = style === "relative" ? ago(moment, Date.now()) : (formats[style] || formats.datetime).format(moment);
    element.title = `${long.format(moment)} (${utc.format(moment)} UTC)`;
  };

  const showAll = (scope) => {
    if (scope.matches?.("time[data-local]")) show(scope);
    scope.querySelectorAll("time[data-local]").forEach(show);
  };

  document.addEventListener("DOMContentLoaded", () => showAll(document));
  document.addEventListener("htmx:load", (event) => showAll(event.target));
  setInterval(() => document.querySelectorAll('time[data-local="relative"]').forEach(show), 30_000);
})();
