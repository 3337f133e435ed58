// Search by typing in the dictionary: tables whose name or meaning has every word, else their columns that have.
"use strict";
(() => {
  const blocks = [...document.querySelectorAll("main .table")];
  const form = document.createElement("form");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const told = document.createElement("span");
  form.className = "filters";
  form.setAttribute("role", "search");
  form.addEventListener("submit", (event) => event.preventDefault());
  input.type = "search";
  told.setAttribute("role", "status");
  label.append("Search tables and columns", input);
  form.append(label, told);
  document.querySelector("main section").before(form);

  const find = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (text) => words.every((word) => text.toLowerCase().includes(word));
    let tables = 0, columns = 0;
    for (const block of blocks) {
      const rows = [...block.querySelectorAll("tbody tr")];
      const isWhole = has(`${block.id} ${block.querySelector(":scope > .says")?.textContent ?? ""}`);
      for (const row of rows) row.hidden = !isWhole && !has(`${block.id} ${row.textContent}`);
      const shown = rows.filter((row) => !row.hidden).length;
      block.hidden = words.length > 0 && !isWhole && shown === 0;
      if (!block.hidden) tables += 1;
      if (!block.hidden) columns += shown;
      const fold = block.querySelector("details");
      if (fold) fold.open = words.length > 0 && !block.hidden;
    }
    for (const section of document.querySelectorAll("main section"))
      section.hidden = words.length > 0 && ![...section.querySelectorAll(".table")].some((block) => !block.hidden);
    told.textContent = words.length ? `${tables} tables, ${columns} columns` : "";
  };
  input.addEventListener("input", find);
})();
