// Ways through a transcript. A link with data-jump="error" data-way="next" goes to the next entry on the page that is
// marked so; where the page has none further on, the link leads where it says: the server knows the whole transcript.
// News of a session that goes on is put behind what is there: nothing a reader does is undone by it.
"use strict";

(() => {
  const shown = () => document.getElementById("transcript");
  const marked = (kind) => [...shown().querySelectorAll(`[data-marks~="${CSS.escape(kind)}"]`)];
  const place = (entry) => Number(/entry-(\d+)/.exec(entry.id)?.[1] ?? NaN);
  let current = null;

  // What is folded away has no box of its own: its fold stands for it.
  const boxOf = (entry) => {
    let box = entry;
    for (let fold = entry.parentElement?.closest("details"); fold; fold = fold.parentElement?.closest("details")) {
      if (!fold.open) box = fold;
    }
    return box.getBoundingClientRect();
  };

  const headEnd = () => {
    const head = document.querySelector(".session-header");
    return head && getComputedStyle(head).position === "sticky" ? head.getBoundingClientRect().bottom : 0;
  };

  // From where a jump counts: the entry jumped to last, as long as it is in view, else the top of what is in view.
  const origin = () => {
    const asked = current?.isConnected ? current : shown().querySelector(".is-at");
    const box = asked && boxOf(asked);
    return box && box.bottom > headEnd() && box.top < innerHeight ? asked : null;
  };

  const isBehind = (entry, from, top) =>
    from ? from.compareDocumentPosition(entry) & Node.DOCUMENT_POSITION_FOLLOWING : boxOf(entry).top > top + 8;
  const isBefore = (entry, from, top) =>
    from ? from.compareDocumentPosition(entry) & Node.DOCUMENT_POSITION_PRECEDING : boxOf(entry).top < top - 8;

  const next = (kind, way) => {
    const [from, top] = [origin(), headEnd()];
    const entries = marked(kind).filter((entry) => entry !== from);
    return way === "next"
      ? entries.find((entry) => isBehind(entry, from, top))
      : entries.findLast((entry) => isBefore(entry, from, top));
  };

  const open = (entry) => {
    for (let fold = entry.parentElement?.closest("details"); fold; fold = fold.parentElement?.closest("details")) {
      fold.open = true;
    }
    const own = entry.querySelector(":scope > details");
    if (own) own.open = true;
  };

  const goTo = (entry) => {
    shown().querySelectorAll(".is-at").forEach((old) => old.classList.remove("is-at"));
    entry.classList.add("is-at");
    open(entry);
    entry.tabIndex = -1;
    entry.focus({ preventScroll: true });
    entry.scrollIntoView({ block: "start" });
    current = entry;
    const address = new URL(location.href);
    address.searchParams.delete("none");
    address.hash = entry.id;
    history.replaceState(history.state, "", address);
  };

  // The server goes on from the end of the page that the search on the page has come to.
  const withPlace = (link) => {
    const known = [...shown().querySelectorAll("[id^=entry-]")].map(place).filter(Number.isFinite);
    if (!known.length) return;
    const address = new URL(link.href);
    address.searchParams.set("from", link.dataset.way === "next" ? Math.max(...known) : Math.min(...known));
    link.href = address;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-jump]");
    if (!link || !shown() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const entry = next(link.dataset.jump, link.dataset.way);
    if (entry) {
      event.preventDefault();
      goTo(entry);
    } else {
      withPlace(link);
    }
  });

  // ---- news ----

  const isInUse = (element) => {
    const selection = document.getSelection();
    const selected = selection && !selection.isCollapsed && selection.containsNode(element, true);
    return selected || element.contains(document.activeElement);
  };

  // A call that was answered meanwhile is drawn anew; if it was unfolded, it stays so.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target.id === "session-facts" && isInUse(target)) {
      event.detail.shouldSwap = false;
      return;
    }
    const fresh = fragment.querySelector?.("[data-outcome]") ?? fragment;
    if (fresh.dataset?.outcome) target.dataset.outcome = fresh.dataset.outcome;
    const [old, now] = [target.querySelector(":scope > details"), fragment.querySelector?.("details")];
    if (old?.open && now) now.open = true;
    if (old?.contains(document.activeElement)) {
      queueMicrotask(() => target.querySelector("summary")?.focus({ preventScroll: true }));
    }
  });

  document.addEventListener("htmx:afterSettle", () => {
    if (document.getElementById("follow-news")?.checked) {
      document.getElementById("more")?.scrollIntoView({ block: "end" });
    }
  });
})();
