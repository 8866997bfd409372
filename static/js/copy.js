// Copying exact values: buttons with data-copy="text" or data-copy-from="id of an element", and selected figures.
"use strict";

(() => {
  const say = (text) => {
    const region = document.getElementById("toasts");
    if (!region) return;
    const toast = document.createElement("p");
    toast.className = "toast";
    toast.textContent = text;
    region.replaceChildren(toast);
    setTimeout(() => toast.remove(), 4000);
  };

  // The clipboard API exists on https and loopback only; a team may serve plain http inside its own network.
  const copyByCommand = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };

  const copy = async (text) => {
    if (!navigator.clipboard) return copyByCommand(text);
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyByCommand(text);
    }
  };

  const textOf = (button) =>
    button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? "";

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    event.preventDefault();
    const text = textOf(button);
    const shown = text.length > 60 ? "the text" : text;
    say((await copy(text)) ? `Copied ${shown}` : "The browser refused to copy");
    button.focus();
  });

  // "1.2 M" selected alone and copied arrives as 1234567, which is what a spreadsheet wants.
  document.addEventListener("copy", (event) => {
    const selection = document.getSelection();
    const node = selection?.anchorNode;
    const figure = (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.("data.num[value]");
    if (!figure || selection.toString().trim() !== figure.textContent.trim()) return;
    event.clipboardData.setData("text/plain", figure.value);
    event.preventDefault();
    say(`Copied the exact value ${figure.value}`);
  });
})();
