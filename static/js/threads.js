// Threads of the list of sessions. The first click asks for the rows (htmx); later ones hide and show what came.
"use strict";

(() => {
  const rows = (link) => document.querySelectorAll(`tr[data-thread-of="${CSS.escape(link.dataset.thread)}"]`);

  const show = (link, open) => {
    link.setAttribute("aria-expanded", String(open));
    for (const row of rows(link)) row.hidden = !open;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-thread]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !rows(link).length) return;
    event.preventDefault();
    show(link, link.getAttribute("aria-expanded") !== "true");
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const link = event.detail.elt;
    if (link?.matches?.("a[data-thread]") && event.detail.successful) show(link, true);
  });

  const tell = (root) => {
    for (const link of root.querySelectorAll("a[data-thread]:not([aria-expanded])")) {
      link.setAttribute("aria-expanded", "false");
    }
  };
  document.addEventListener("DOMContentLoaded", () => tell(document));
  document.addEventListener("htmx:afterSettle", () => tell(document));
})();
