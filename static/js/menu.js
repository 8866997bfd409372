// The menu of narrow windows is a <details> and works by itself. This closes it the ways that people expect:
// by Escape, which gives the focus back, by a click elsewhere, and by moving on with the Tab key.
"use strict";

(() => {
  const open = () => document.querySelector("details[data-menu][open]");
  // What the menu opened gives the focus back to it: it stays open behind.
  const isCovered = () => document.querySelector("dialog[open]") !== null;

  document.addEventListener("keydown", (event) => {
    const menu = open();
    if (event.key !== "Escape" || !menu || isCovered()) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  const leave = (event) => {
    const menu = open();
    if (menu && !menu.contains(event.target) && !isCovered()) menu.open = false;
  };
  document.addEventListener("click", leave);
  document.addEventListener("focusin", leave);
})();
