// Filters kept in the address, sorting, exact sums of what is shown, CSV of what is shown, copy of the link.
"use strict";
(() => {
  const LABELS = { period: "Period", department: "Department", product: "Product" };
  const tables = [...document.querySelectorAll("table[data-name]")];
  const filters = document.getElementById("filters");
  const showing = document.getElementById("showing");
  const opens = JSON.parse(filters.dataset.opens);
  const names = JSON.parse(document.getElementById("names").textContent);
  const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

  const rowsOf = (table) => [...table.tBodies[0].rows];
  const valueOf = (cell) => (cell.hasAttribute("data-exact") ? cell.dataset.exact : cell.textContent.trim());
  const tableOf = (id) => tables.find((table) => table.dataset.name === id);
  const filtersOf = (table) => Object.keys(JSON.parse(table.dataset.filters));
  // What a filter is set to: the address says so, else what the page opens with; an empty value in the address is "all".
  const chosen = (name) => (state.has(name) ? state.get(name) : opens[name] || "");
  const nameOf = (filter, value) => (names[filter] && Object.hasOwn(names[filter], value) && names[filter][value]) || value;

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
  // Rounded half to even; what would read as zero and is not says that it is less than one step.
  const rounded = (number, places) => {
    const unit = 10n ** BigInt(PLACES - places), size = number < 0n ? -number : number;
    let kept = size / unit;
    const rest = 2n * (size % unit);
    if (rest > unit || (rest === unit && kept % 2n === 1n)) kept += 1n;
    const isTiny = kept === 0n && number !== 0n;
    const digits = (isTiny ? 1n : kept).toString().padStart(places + 1, "0");
    const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
    const text = (number < 0n && kept > 0n ? "-" : "") + whole + (places ? "." + digits.slice(-places) : "");
    return isTiny ? (number < 0n ? ">-" : "<") + text : text;
  };
  const SHOWN = { money: (one) => rounded(one, 2), count: (one) => rounded(one, 0), ratio: (one) => rounded(one * 100n, 1) + " %" };
  const shown = (number, unit) => (SHOWN[unit] || plain)(number);

  const applies = (row, table) => filtersOf(table).every((name) => !chosen(name) || row.dataset[name] === chosen(name));
  const place = (table, column) => [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.column === column);
  const sum = (table, column) => {
    const at = place(table, column);
    return rowsOf(table).filter((row) => !row.hidden).reduce((total, row) => total + parse(row.cells[at].dataset.exact), 0n);
  };
  // What no row knows is no zero.
  const isKnown = (table, column) => {
    const at = place(table, column);
    return rowsOf(table).some((row) => !row.hidden && row.cells[at].dataset.exact !== "");
  };
  // The sum of one column over that of another; null where there is nothing to divide by.
  const ratio = (table, total, over) => {
    const below = sum(table, over);
    return below > 0n ? (sum(table, total) * 10n ** BigInt(PLACES)) / below : null;
  };

  const refreshTable = (table) => {
    const first = Number(table.dataset.first || 0), isFiltered = filtersOf(table).some((name) => state.get(name));
    const isCut = first && !isFiltered && !table.hasAttribute("data-all");
    let seen = 0;
    for (const row of rowsOf(table)) {
      row.hidden = !applies(row, table);
      if (!row.hidden) seen += 1;
      row.classList.toggle("more", Boolean(isCut && !row.hidden && seen > first));
    }
    const button = table.closest(".table").querySelector("button.all");
    if (button) {
      button.hidden = !first || isFiltered || seen <= first;
      button.textContent = isCut ? `Show all ${seen}` : `Show the first ${first}`;
    }
    const none = table.closest(".table").querySelector(".norows");
    if (none) none.hidden = seen > 0;
    for (const cell of table.querySelectorAll("[data-sum]")) {
      const total = sum(table, cell.dataset.sum), isTold = isKnown(table, cell.dataset.sum);
      cell.dataset.exact = isTold ? plain(total) : "";
      cell.textContent = isTold ? shown(total, cell.className) : "–";
    }
  };

  // Filters that are set and that these rows do not follow, in words.
  const ignoredBy = (table, set) => {
    const ignored = set.filter((name) => state.has(name) && !(table && filtersOf(table).includes(name)));
    return ignored.length ? `not filtered by ${ignored.join(", ")}` : "";
  };
  const tellScope = (scope, text) => {
    if (!scope) return;
    scope.hidden = !text;
    scope.textContent = text;
  };

  // Every figure says what it is of: the rows that the filters leave, or everything.
  const refreshFigure = (value, set) => {
    const text = value.querySelector("b"), figure = value.closest(".figure");
    const table = value.dataset.rows && tableOf(value.dataset.rows), ignored = ignoredBy(table, set);
    figure.classList.toggle("unchanged", Boolean(ignored));
    tellScope(figure.querySelector(".scope"), ignored);
    figure.classList.toggle("filtered", Boolean(table) && filtersOf(table).some((name) => state.has(name)));
    const isOpened = !table || filtersOf(table).every((name) => chosen(name) === (opens[name] || ""));
    if (isOpened) text.textContent = value.dataset.whole;
    else if (value.dataset.over) {
      const found = ratio(table, value.dataset.total, value.dataset.over);
      text.textContent = found === null ? "–" : shown(found, value.dataset.unit);
    } else text.textContent = isKnown(table, value.dataset.total) ? shown(sum(table, value.dataset.total), value.dataset.unit) : "–";
  };

  // A drawing is shown for the filters that it was drawn for; of others there is a sentence.
  const refreshCharts = (set) => {
    const byRows = new Map();
    for (const chart of document.querySelectorAll(".chart")) {
      if (!byRows.has(chart.dataset.rows)) byRows.set(chart.dataset.rows, []);
      byRows.get(chart.dataset.rows).push(chart);
    }
    for (const [id, charts] of byRows) {
      const table = tableOf(id), names = table ? filtersOf(table) : [];
      const wanted = {};
      for (const name of names) if (chosen(name) !== (opens[name] || "")) wanted[name] = chosen(name);
      const fits = (chart) => {
        const shows = JSON.parse(chart.dataset.shows);
        return Object.keys({ ...shows, ...wanted }).every((name) => shows[name] === wanted[name]);
      };
      const isDrawn = charts.some(fits);
      for (const chart of charts) {
        tellScope(chart.querySelector(".scope"), ignoredBy(table, set));
        const isWhole = Object.keys(JSON.parse(chart.dataset.shows)).length === 0;
        chart.hidden = !fits(chart) && (isDrawn || !isWhole);
        chart.classList.toggle("undrawn", !isDrawn && isWhole);
        chart.querySelector(".unfiltered").hidden = isDrawn || !isWhole;
      }
    }
  };

  const refresh = () => {
    const set = Object.keys(LABELS).filter(chosen);
    for (const table of tables) {
      refreshTable(table);
      tellScope(table.closest(".table").querySelector(".scope"), ignoredBy(table, set));
    }
    for (const value of document.querySelectorAll(".value")) refreshFigure(value, set);
    refreshCharts(set);
    const isFiltered = [...state.keys()].length > 0;
    for (const link of document.querySelectorAll("nav a")) link.hash = isFiltered ? state.toString() : "";
    const words = set.filter((name) => filters.elements[name]).map((name) => `${LABELS[name].toLowerCase()} ${nameOf(name, chosen(name))}`);
    showing.textContent =
      `Shown: ${words.length ? words.join("; ") : "everything"}; amounts in ${filters.dataset.currency || "the reporting currency"}.`;
    for (const clear of filters.querySelectorAll(".clear")) clear.hidden = !isFiltered;
  };

  const keep = () => history.replaceState(null, "", state.toString() ? "#" + state.toString() : location.pathname + location.search);

  const setUpFilters = () => {
    const used = [...new Set(tables.flatMap(filtersOf))];
    for (const name of Object.keys(LABELS).filter((one) => used.includes(one))) {
      const values = [...new Set(tables.flatMap((table) => rowsOf(table).map((row) => row.dataset[name])).filter(Boolean))];
      values.sort((a, b) => nameOf(name, a).localeCompare(nameOf(name, b)));
      if (name === "period") values.reverse();
      const label = document.createElement("label"), select = document.createElement("select");
      label.append(LABELS[name], select);
      select.name = name;
      select.append(new Option("all", ""), ...values.map((value) => new Option(nameOf(name, value), value)));
      if (state.has(name) && state.get(name) && !values.includes(state.get(name))) state.delete(name);
      if (opens[name] && !values.includes(opens[name])) delete opens[name];
      select.value = chosen(name);
      select.addEventListener("change", () => {
        if (select.value === (opens[name] || "")) state.delete(name);
        else state.set(name, select.value);
        keep();
        refresh();
      });
      filters.insertBefore(label, showing);
    }
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "clear";
    clear.textContent = "Clear filters";
    clear.addEventListener("click", () => {
      for (const name of Object.keys(LABELS)) state.delete(name);
      for (const select of filters.querySelectorAll("select")) select.value = chosen(select.name);
      keep();
      refresh();
    });
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
    if (used.length) showing.before(clear);
    filters.append(copy);
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
        refreshTable(table);
      });
    }
  };

  const setUpTools = (table) => {
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
    if (table.dataset.first) {
      const all = document.createElement("button");
      all.type = "button";
      all.className = "all";
      all.addEventListener("click", () => {
        table.toggleAttribute("data-all");
        refreshTable(table);
      });
      button.after(all);
    }
  };

  // A link to a table, or to a row of the dictionary, opens what folds it away.
  const openTarget = () => {
    const target = location.hash.includes("=") ? null : document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && (target.querySelector("details") || target.closest("details"));
    if (folded && !target.closest(".figure")) folded.open = true;
  };

  for (const value of document.querySelectorAll(".value")) value.dataset.whole = value.querySelector("b").textContent;
  for (const table of tables) {
    setUpSorting(table);
    setUpTools(table);
  }
  setUpFilters();
  refresh();
  openTarget();
  addEventListener("hashchange", openTarget);
})();
