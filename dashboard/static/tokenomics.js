// Filters kept in the address, sorting, exact sums of what is shown, CSV of what is shown, copy of the link.
"use strict";
(() => {
  const LABELS = { period: "Period", department: "Department", product: "Product" };
  const tables = [...document.querySelectorAll("table[data-name]")];
  const filters = document.getElementById("filters");
  const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

  const rowsOf = (table) => [...table.tBodies[0].rows];
  const valueOf = (cell) => (cell.hasAttribute("data-exact") ? cell.dataset.exact : cell.textContent.trim());

  // A decimal as a whole number of 10^-18, so that sums are exact.
  const PLACES = 18;
  const parse = (text) => {
    if (text === "") return 0n;
    const minus = text.startsWith("-");
    const [whole, part = ""] = text.replace("-", "").split(".");
    const number = BigInt(whole + part.padEnd(PLACES, "0").slice(0, PLACES));
    return minus ? -number : number;
  };
  const plain = (number) => {
    const digits = (number < 0n ? -number : number).toString().padStart(PLACES + 1, "0");
    const part = digits.slice(-PLACES).replace(/0+$/, "");
    return (number < 0n ? "-" : "") + digits.slice(0, -PLACES) + (part ? "." + part : "");
  };
  const rounded = (number, places) => {
    const unit = 10n ** BigInt(PLACES - places), size = number < 0n ? -number : number;
    let kept = size / unit;
    const rest = 2n * (size % unit);
    if (rest > unit || (rest === unit && kept % 2n === 1n)) kept += 1n;
    const digits = kept.toString().padStart(places + 1, "0");
    const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
    return (number < 0n && kept > 0n ? "-" : "") + whole + (places ? "." + digits.slice(-places) : "");
  };
  const shown = (number, unit) => (unit === "money" ? rounded(number, 2) : unit === "count" ? rounded(number, 0) : plain(number));

  const applies = (row, table) =>
    Object.keys(JSON.parse(table.dataset.filters)).every((name) => !state.get(name) || row.dataset[name] === state.get(name));
  const sum = (table, column) => {
    const at = [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.column === column);
    return rowsOf(table).filter((row) => !row.hidden).reduce((total, row) => total + parse(row.cells[at].dataset.exact), 0n);
  };

  const refresh = () => {
    for (const table of tables) {
      for (const row of rowsOf(table)) row.hidden = !applies(row, table);
      for (const cell of table.querySelectorAll("[data-sum]")) {
        const total = sum(table, cell.dataset.sum);
        cell.dataset.exact = plain(total);
        cell.textContent = shown(total, cell.className);
      }
    }
    for (const value of document.querySelectorAll(".value[data-rows]")) {
      const table = document.querySelector(`table[data-name="${value.dataset.rows}"]`);
      if (!table || !Object.keys(JSON.parse(table.dataset.filters)).some((name) => state.get(name))) {
        value.querySelector("b").textContent = value.dataset.whole;
        continue;
      }
      value.querySelector("b").textContent = shown(sum(table, value.dataset.total), value.dataset.unit);
    }
    const isFiltered = [...state.keys()].length > 0;
    for (const text of document.querySelectorAll(".unfiltered")) text.hidden = !isFiltered;
    for (const link of document.querySelectorAll("nav a")) link.hash = isFiltered ? state.toString() : "";
  };

  const setUpFilters = () => {
    const names = [...new Set(tables.flatMap((table) => Object.keys(JSON.parse(table.dataset.filters))))];
    for (const name of Object.keys(LABELS).filter((one) => names.includes(one))) {
      const values = [...new Set(tables.flatMap((table) => rowsOf(table).map((row) => row.dataset[name])).filter(Boolean))].sort();
      if (name === "period") values.reverse();
      const label = document.createElement("label"), select = document.createElement("select");
      label.append(LABELS[name], select);
      select.name = name;
      select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
      select.value = values.includes(state.get(name)) ? state.get(name) : "";
      if (!select.value) state.delete(name);
      select.addEventListener("change", () => {
        if (select.value) state.set(name, select.value);
        else state.delete(name);
        history.replaceState(null, "", "#" + state.toString());
        refresh();
      });
      filters.append(label);
    }
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy link";
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "The link is in the address bar";
      }
    });
    filters.append(copy);
    filters.hidden = names.length === 0;
    filters.addEventListener("submit", (event) => event.preventDefault());
  };

  const setUpSorting = (table) => {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const isNumber = !["text", "flag", "date", "moment"].includes(head.className);
        const keyed = rowsOf(table).map((row) => [valueOf(row.cells[head.cellIndex]), row]);
        keyed.sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : isNumber ? Number(a) - Number(b) : a.localeCompare(b)) * (down && a && b ? -1 : 1));
        table.tBodies[0].append(...keyed.map(([, row]) => row));
      });
    }
  };

  const setUpExport = (table) => {
    const tools = table.closest(".table").querySelector(".tools");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "CSV";
    button.setAttribute("aria-label", `CSV of ${table.dataset.name}`);
    button.addEventListener("click", () => {
      // Text that a spreadsheet would take for a formula is kept text.
      const safe = (cell) => (cell.hasAttribute("data-exact") ? valueOf(cell) : valueOf(cell).replace(/^(?=[=+\-@\t])/, "'"));
      const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const lines = [[...table.tHead.rows[0].cells].map((cell) => cell.dataset.column)];
      for (const row of rowsOf(table)) if (!row.hidden) lines.push([...row.cells].map(safe));
      const text = lines.map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
      link.download = `${table.dataset.name}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    });
    tools.prepend(button);
  };

  for (const value of document.querySelectorAll(".value")) value.dataset.whole = value.querySelector("b").textContent;
  for (const table of tables) {
    setUpSorting(table);
    setUpExport(table);
  }
  setUpFilters();
  refresh();
})();
